import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

const compressible = new Set(['.html', '.js', '.css', '.svg', '.json']);
/** Below it the names of the headers cost more than is saved. */
const leastBytes = 512;

/** Writes a smaller form of each text beside it, so that the server compresses nothing while it serves. */
export async function compressFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !compressible.has(extname(entry.name))) continue;
    const path = join(entry.parentPath, entry.name);
    const whole = await readFile(path);
    if (whole.length < leastBytes) continue;
    await writeFile(`${path}.gz`, await promisify(gzip)(whole, { level: 9 }));
    await writeFile(`${path}.br`, await promisify(brotliCompress)(whole));
  }
}
