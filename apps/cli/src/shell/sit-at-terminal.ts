import { once } from 'node:events';
import type { Terminal, TerminalStatus } from '@wrenn/sdk';
import { type CommandContext, say } from '../context.ts';

/** Ctrl-], as telnet has it: programs in the terminal hardly ever want it. */
const leaveKey = 0x1d;

export type Parting = { readonly kind: 'exited'; readonly exitCode: number } | { readonly kind: 'left' };

/**
 * Puts the person at this terminal before the one in the capsule: keys, screen and size are passed through until the
 * program ends or Ctrl-] is typed. This terminal is as it was afterwards, whatever happens.
 */
export async function sitAtTerminal(terminal: Terminal, { stdin, stdout }: CommandContext): Promise<Parting> {
  const left = Promise.withResolvers<Parting>();
  const type = (keys: Buffer) => {
    if (keys.length === 1 && keys[0] === leaveKey) return left.resolve({ kind: 'left' });
    // Waits for the server where it is slow: the keys are not read meanwhile.
    stdin.pause();
    terminal.write(new Uint8Array(keys)).then(() => stdin.resume(), left.reject);
  };
  const fit = () => terminal.resize(stdout.columns, stdout.rows);
  const hangUp = () => left.resolve({ kind: 'left' });
  const isTerminal = stdin.isTTY;
  if (isTerminal) stdin.setRawMode(true);
  stdin.on('data', type);
  // Input from a file ends, and the program in the terminal may go on with it.
  if (isTerminal) stdin.once('end', hangUp);
  if (stdout.isTTY) stdout.on('resize', fit);
  try {
    const showing = show(terminal, stdout);
    return await Promise.race([left.promise, showing]);
  } finally {
    stdin.off('data', type).off('end', hangUp).pause();
    stdout.off('resize', fit);
    if (isTerminal) stdin.setRawMode(false);
    terminal.close();
  }
}

async function show(terminal: Terminal, stdout: CommandContext['stdout']): Promise<Parting> {
  for await (const bytes of terminal) if (!stdout.write(bytes)) await once(stdout, 'drain');
  const { exitCode } = await terminal.exited;
  return { kind: 'exited', exitCode };
}

/** Says how the way to the terminal is, once it is not as it should be. */
export function sayStatus(context: CommandContext): (status: TerminalStatus) => void {
  const texts: Readonly<Record<TerminalStatus, string>> = {
    connected: 'connected again',
    reconnecting: 'the connection broke; connecting again',
    paused: 'the capsule is paused',
    unreachable: 'the capsule is out of reach at the moment',
  };
  let last: TerminalStatus = 'connected';
  return (status) => {
    if (status === last) return;
    last = status;
    // In raw mode a line does not begin at the left by itself.
    context.stderr.write('\r\n');
    say(context, `${texts[status]}\r`);
  };
}
