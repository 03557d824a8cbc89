import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Which of Wrenn's programs have connections to an address, in order and once each. */
export async function programsConnectedTo(address: string, port: number): Promise<string[]> {
  const { stdout } = await run('ss', [
    '-Htnp',
    'state',
    'established',
    'dst',
    address,
    'dport',
    '=',
    String(port),
  ]);
  const pids = new Set([...stdout.matchAll(/pid=(\d+)/g)].map(([, pid]) => pid));
  const names = await Promise.all([...pids].map((pid) => programOf(String(pid))));
  return [...new Set(names)].toSorted();
}

/** The app that a process runs; the relay is the agent's program with another command. */
async function programOf(pid: string): Promise<string> {
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const app = command.map((word) => /apps\/([^/]+)\//.exec(word)?.[1]).find((name) => name !== undefined);
  return command.includes('relay') ? 'relay' : (app ?? 'another');
}
