/** Something to upload, and where it goes below the folder. */
export type Dropped =
  | { readonly kind: 'file'; readonly path: string; readonly file: File }
  /** One with nothing in it: of the others their files tell. */
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: unknown };

/** Of an input for files, or for a folder: those have paths. */
export async function* chosenFiles(list: Iterable<File>): AsyncGenerator<Dropped, void> {
  for (const file of list) yield { kind: 'file', path: file.webkitRelativePath || file.name, file };
}

/** What is dropped must be taken at once; folders are read as it goes on, so that none is held as a whole. */
export function droppedFiles(transfer: DataTransfer): AsyncGenerator<Dropped, void> {
  const entries = [...transfer.items].flatMap((item) => {
    const entry = item.kind === 'file' ? item.webkitGetAsEntry() : null;
    return entry === null ? [] : [entry];
  });
  return walk(entries, '');
}

/** The names at the top of what is dropped. */
export function droppedNames(transfer: DataTransfer): readonly string[] {
  return [...transfer.items].flatMap((item) => item.webkitGetAsEntry()?.name ?? []);
}

async function* walk(entries: readonly FileSystemEntry[], below: string): AsyncGenerator<Dropped, void> {
  for (const entry of entries) {
    const path = `${below}${entry.name}`;
    try {
      if (entry.isFile) yield { kind: 'file', path, file: await fileOf(entry as FileSystemFileEntry) };
      else yield* walkFolder(entry as FileSystemDirectoryEntry, path);
    } catch (reason) {
      yield { kind: 'unreadable', path, reason };
    }
  }
}

async function* walkFolder(folder: FileSystemDirectoryEntry, path: string): AsyncGenerator<Dropped, void> {
  const reader = folder.createReader();
  let count = 0;
  // It gives a hundred at a time, and none at the end.
  for (let batch = await batchOf(reader); batch.length > 0; batch = await batchOf(reader)) {
    count += batch.length;
    yield* walk(batch, `${path}/`);
  }
  if (count === 0) yield { kind: 'folder', path };
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function batchOf(reader: FileSystemDirectoryReader): Promise<readonly FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}
