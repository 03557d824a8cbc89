import { stripVTControlCharacters } from 'node:util';
import { systemCode } from '@wrenn/core';
import { openPlaced } from '../files/open-placed.ts';

/** How much of a file goes into an error. Who wrote it decides how long it is, so it is bounded and made printable. */
const tailBytes = 2_000;
const mostLines = 6;

/** The end of a file in a machine's directory; nothing where there is no such file. Throws as `openPlaced` does. */
export async function tailOf(path: string): Promise<Buffer> {
  try {
    await using file = await openPlaced(path);
    const { size } = await file.stat();
    const from = Math.max(0, size - tailBytes);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, from);
    return buffer.subarray(0, bytesRead);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return Buffer.alloc(0);
    throw thrown;
  }
}

/** What a guest or a VMM printed, made fit for an error: its last lines on one, or `nothing`. */
export function lastLines(printed: Buffer): string {
  const text = stripVTControlCharacters(printed.toString('latin1')).replaceAll(/[^\x20-\x7e\n]/g, '');
  const lines = text.split('\n').map((line) => line.trim());
  return (
    lines
      .filter((line) => line !== '')
      .slice(-mostLines)
      .join(' | ') || 'nothing'
  );
}
