import { readdir, readFile } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';

/** Command lines of all processes with `text` in theirs. */
export async function processesNaming(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = (await textOf(`/proc/${name}/cmdline`)).replaceAll('\0', ' ').trim();
    if (line.includes(text)) found.push(line);
  }
  return found;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return '';
    throw thrown;
  }
}
