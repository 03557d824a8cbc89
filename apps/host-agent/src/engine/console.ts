import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { openPlaced } from '../files/open-placed.ts';

/** The guest's serial console, in the machine's directory; kept while a template boots. */
export const consoleFile = 'console.log';

/** How much of it goes into an error. The guest decides what it says, so it is bounded and made printable. */
const tailBytes = 2_000;

/** The last lines of the guest's console, on one line. */
export async function consoleTail(directory: string): Promise<string> {
  await using file = await openPlaced(join(directory, consoleFile));
  const { size } = await file.stat();
  const { bytesRead, buffer } = await file.read(
    Buffer.alloc(tailBytes),
    0,
    tailBytes,
    Math.max(0, size - tailBytes),
  );
  return lastLines(buffer.subarray(0, bytesRead));
}

/** What a guest printed, made fit for an error: its last lines on one. */
export function lastLines(printed: Buffer): string {
  const text = stripVTControlCharacters(printed.toString('latin1')).replaceAll(/[^\x20-\x7e\n]/g, '');
  const lines = text.split('\n').map((line) => line.trim());
  return (
    lines
      .filter((line) => line !== '')
      .slice(-6)
      .join(' | ') || 'nothing'
  );
}
