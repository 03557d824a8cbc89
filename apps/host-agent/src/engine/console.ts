import { join } from 'node:path';
import { lastLines, tailOf } from './last-lines.ts';

/** The guest's serial console, in the machine's directory; kept while a template boots. */
export const consoleFile = 'console.log';

/** The last lines of the guest's console, on one line. */
export async function consoleTail(directory: string): Promise<string> {
  return lastLines(await tailOf(join(directory, consoleFile)));
}
