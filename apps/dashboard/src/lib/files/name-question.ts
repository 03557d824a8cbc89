import { ApiFault } from '#lib/api/fault.ts';
import { notices } from '#lib/notices/notices.svelte.ts';
import type { CapsuleFiles, FileEntry } from './capsule-files.ts';
import { baseName, join, nameProblem } from './paths.ts';

export interface NameQuestion {
  readonly title: string;
  readonly label: string;
  readonly hint?: string;
  readonly action: string;
  /** What is there to begin with, and how much of it is selected. */
  readonly text: string;
  readonly chosen: number;
  readonly problem: (text: string) => string | undefined;
  readonly deed: (text: string) => Promise<void>;
}

/** A folder to work in, and what to do after something in it has changed. */
export interface Place {
  readonly files: CapsuleFiles;
  readonly folder: string;
  readonly onDone: (path: string) => void;
}

export function newFolder({ files, folder, onDone }: Place): NameQuestion {
  return {
    ...{
      title: 'New folder',
      label: 'Name',
      action: 'Make the folder',
      text: '',
      chosen: 0,
      problem: nameProblem,
    },
    deed: async (name) => {
      const { path } = await files.makeFolder(join(folder, name));
      notices.done(`${shortened(name)} is made`);
      onDone(path);
    },
  };
}

export function newFile({ files, folder, onDone }: Place): NameQuestion {
  return {
    ...{
      title: 'New file',
      label: 'Name',
      action: 'Make the file',
      text: '',
      chosen: 0,
      problem: nameProblem,
    },
    deed: async (name) => {
      const path = join(folder, name);
      await refuseWhatIsThere(files, path);
      await files.write(path, '');
      onDone(path);
    },
  };
}

export function rename({ files, folder, onDone }: Place, { name, path }: FileEntry): NameQuestion {
  const dot = name.lastIndexOf('.');
  return {
    ...{ title: 'Rename or move', label: 'New name, or path', action: 'Move' },
    ...{ hint: 'A path, as /tmp/a or ~/a, moves it there.', text: name, chosen: dot > 0 ? dot : name.length },
    problem: (text) => nameProblem(text.startsWith('/') || text.startsWith('~/') ? baseName(text) : text),
    deed: async (text) => {
      const to = join(folder, text);
      if (to === path) return;
      await refuseWhatIsThere(files, to);
      const moved = await files.move(path, to);
      notices.done(`${shortened(name)} is now ${shortened(moved.path)}`);
      onDone(moved.path);
    },
  };
}

/** Both would replace it without a word. */
async function refuseWhatIsThere(files: CapsuleFiles, path: string): Promise<void> {
  try {
    await files.stat(path);
  } catch (thrown) {
    if (thrown instanceof ApiFault && thrown.code === 'not_found') return;
    throw thrown;
  }
  throw new ApiFault({
    ...{ code: 'conflict', message: `${shortened(path)} is there already`, status: 409 },
    ...{ field: undefined, remedy: 'choose another name, or delete that one first', requestId: undefined },
  });
}

/** For notices: names have up to 255 bytes. */
export function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 28)}…${name.slice(-28)}` : name;
}
