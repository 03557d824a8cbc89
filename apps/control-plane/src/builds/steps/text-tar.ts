import { Readable } from 'node:stream';
import { pack } from 'tar-stream';

/** Files whose content stands in the recipe, as a tar; the one file under `name`, where that is given. */
export function textTar(
  files: readonly { readonly name: string; readonly content: string }[],
  name: string | undefined,
): Readable {
  const tar = pack();
  for (const file of files)
    tar.entry({ name: name ?? file.name, mode: 0o644, mtime: new Date(0) }, file.content);
  tar.finalize();
  return Readable.from(tar as AsyncIterable<Buffer>, { objectMode: false });
}
