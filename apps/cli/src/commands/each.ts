import { WrennError } from '@wrenn/core';
import { WrennApiError } from '@wrenn/sdk';
import { type CommandContext, printJson, printLine, say } from '../context.ts';
import { describeFault } from '../describe-fault.ts';
import { exitCodeOf } from '../exit-code.ts';

/** What is done to each of several that were named. */
export interface Each<Done> {
  readonly names: readonly string[];
  /** What JSON calls those that it was done to. */
  readonly past: string;
  readonly output: 'text' | 'json';
  act(name: string): Promise<Done>;
}

interface Failed {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/**
 * One after the other. What fails is said and keeps nothing from the rest; then the exit code is that of the first
 * fault. A defect of ours ends it.
 */
export async function doEach<Done>(
  { names, past, output, act }: Each<Done>,
  context: CommandContext,
): Promise<void> {
  const done: Done[] = [];
  const failed: Failed[] = [];
  const faults: unknown[] = [];
  for (const name of names) {
    try {
      done.push(await act(name));
      if (output === 'text') printLine(context, name);
    } catch (thrown) {
      if (!(thrown instanceof WrennApiError || thrown instanceof WrennError)) throw thrown;
      faults.push(thrown);
      failed.push({ name, code: thrown.code, message: thrown.message });
      say(context, `${name}: ${describeFault(thrown)}`);
    }
  }
  if (output === 'json') printJson(context, { [past]: done, failed });
  if (faults.length > 0) context.exit(exitCodeOf(faults[0]));
}
