import type { ExecOptions, WrennClient } from '@wrenn/sdk';
import { type CommandContext, printJson, say } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import type { StopSignals } from '../stop-signals.ts';
import { readStandardInput } from './standard-input.ts';
import { streamCommand } from './stream-command.ts';

export interface Foreground {
  readonly client: WrennClient;
  readonly context: CommandContext;
  readonly stop: StopSignals;
  /** `json`: the whole result as one JSON line when the command has ended. */
  readonly output: 'stream' | 'json';
}

/** Runs a command in a capsule as if it ran here, and returns the code to exit with. */
export async function runInForeground(
  { client, context, stop, output }: Foreground,
  capsuleId: string,
  command: ExecOptions,
): Promise<number> {
  // Whoever reads the output went away (`| head`): there is nobody left to run the command for.
  const closed = () => stop.stop('nobody reads the output any more');
  context.stdout.once('error', closed);
  try {
    const { signal } = stop;
    if (output === 'stream') {
      return await streamCommand(context, client.capsules.execStream(capsuleId, command, { signal }), signal);
    }
    // Without a limit there would be no bound on what the server keeps for the answer's sake.
    const timeoutSec = command.timeoutSec || longestForegroundSec;
    const result = await client.capsules.exec(capsuleId, { ...command, timeoutSec }, { signal });
    printJson(context, result);
    return result.outcome === 'lost' ? exitCodes.failure : result.exitCode;
  } finally {
    context.stdout.off('error', closed);
  }
}

const longestForegroundSec = 86_400;

/** What the command is to read; undefined when there is nothing. */
export async function standardInputFor(
  { context, stop }: Pick<Foreground, 'context' | 'stop'>,
  wanted: boolean,
): Promise<Uint8Array | undefined> {
  if (!wanted) return undefined;
  const hint = () =>
    say(context, 'waiting for the end of standard input (--no-stdin if the command reads none)');
  return await readStandardInput(context.stdin, hint, stop.signal);
}
