import type { Client } from '@connectrpc/connect';
import type { Process } from '@wrenn/protocol/process';
import { StartedProcess } from './started-process.ts';

interface TerminalOptions {
  readonly size?: { readonly cols?: number; readonly rows?: number };
  readonly headers?: Record<string, string>;
  readonly cwd?: string;
}

/** A command in a terminal, of 80 times 24 unless told. */
export function openTerminal(
  processes: Client<typeof Process>,
  [cmd = '', ...args]: readonly string[],
  { size = { cols: 80, rows: 24 }, headers = {}, cwd = '/' }: TerminalOptions = {},
): Promise<StartedProcess> {
  const envs = { TERM: 'xterm', PS1: '$ ' };
  return StartedProcess.start(processes, { process: { cmd, args, envs, cwd }, pty: { size } }, { headers });
}
