import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Named inputs of a build. Order does not matter, names do. */
export type Inputs = Readonly<Record<string, string | Uint8Array>>;

/** 16 hexadecimal digits that differ when any name or content differs. */
export function hashInputs(inputs: Inputs): string {
  const hash = createHash('sha256');
  for (const [name, content] of Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    // Lengths first: otherwise the end of one could count as the beginning of the next.
    hash.update(`${Buffer.byteLength(name)} ${bytes.byteLength}\n${name}`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

/** SHA-256 of a file's content in hexadecimal, read as a stream. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return hash.digest('hex');
}

/** The files below `directory` that `wanted` accepts, by path relative to it. */
export async function readTree(directory: string, wanted: (path: string) => boolean): Promise<Inputs> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter(wanted);
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(directory, path))] as const)),
  );
}
