import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemCode } from '@wrenn/core';

const run = promisify(execFile);

/** Which of Wrenn's programs have connections to an address, in order and once each. */
export async function programsConnectedTo(address: string, port: number): Promise<string[]> {
  const before = await connectedTo(address, port);
  const programs = await Promise.all([...before].map(async (pid) => ({ pid, name: await programOf(pid) })));
  // A process that was just about to run another program had its parent's connections for a moment.
  const after = await connectedTo(address, port);
  const names = programs.filter(({ pid, name }) => after.has(pid) && name !== undefined);
  return [...new Set(names.map(({ name }) => String(name)))].toSorted();
}

async function connectedTo(address: string, port: number): Promise<Set<string>> {
  const filter = ['state', 'established', 'dst', address, 'dport', '=', String(port)];
  const { stdout } = await run('ss', ['-Htnp', ...filter]);
  return new Set([...stdout.matchAll(/pid=(\d+)/g)].map(([, pid]) => String(pid)));
}

/**
 * The app that a process runs; the relay is the agent's program with another command. Undefined for one that has ended
 * since it was seen.
 */
async function programOf(pid: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return undefined;
    throw thrown;
  }
  if (text === '') return undefined;
  const command = text.split('\0');
  const app = command.map((word) => /apps\/([^/]+)\//.exec(word)?.[1]).find((name) => name !== undefined);
  return command.includes('relay') ? 'relay' : (app ?? 'another');
}
