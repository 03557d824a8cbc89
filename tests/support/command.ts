import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cliEntry } from './wrenn-installation.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs the `wrenn` command as a user would, with `input` on its standard input. */
export async function wrenn(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; input?: string | Uint8Array; timeoutMs?: number },
): Promise<CommandResult> {
  const child = spawn(process.execPath, [cliEntry, ...args], {
    env: options.env,
    timeout: options.timeoutMs ?? 100_000,
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A command that does not read its input ends before it is written.
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(options.input ?? '');
  const [code] = await once(child, 'close');
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
}

/** What a command said on standard error but for its progress, which it tells when something takes longer than a second. */
export const complaintsIn = (stderr: string) => stderr.replaceAll(/^wrenn: \d+ MiB copied\n/gm, '');
