import { describeError } from '@wrenn/core';
import type { WrennClient } from '@wrenn/sdk';
import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, say } from '../context.ts';
import { runInForeground, standardInputFor } from '../exec/foreground.ts';
import { StopSignals } from '../stop-signals.ts';
import { exitOnInsistence } from './insistence.ts';
import {
  addExecOptions,
  addShapeOptions,
  type ExecFlags,
  execOf,
  type ShapeFlags,
  shapeOf,
} from './options.ts';

type Flags = ClientFlags & ShapeFlags & ExecFlags;

const destroyLimitMs = 30_000;

export function runCommand(context: CommandContext): Command {
  return addExecOptions(addShapeOptions(clientCommand('run')))
    .summary('run a command in a new capsule')
    .description(
      'Make a capsule, run a command in it and destroy it. Input, output and exit code are passed through.',
    )
    .argument('<command...>', 'the command and its arguments; there is no shell around it')
    .passThroughOptions()
    .action(async (command: string[], flags: Flags) => {
      using stop = new StopSignals(exitOnInsistence);
      const client = await openClient(flags, context);
      // While the capsule is made, its input is read; both are waited for, so that the capsule is not forgotten.
      const [created, input] = await Promise.allSettled([
        client.capsules.create(shapeOf(flags)),
        standardInputFor({ context, stop }, flags.stdin),
      ]);
      if (created.status === 'rejected') throw created.reason;
      await using capsule = new RunCapsule(client, created.value.id, context);
      if (input.status === 'rejected') throw input.reason;
      stop.signal.throwIfAborted();
      const output = flags.json === true ? 'json' : 'stream';
      const stdin = input.value === undefined ? {} : { stdin: input.value };
      const request = { ...execOf(command, flags), ...stdin };
      context.exit(await runInForeground({ client, context, stop, output }, capsule.id, request));
    });
}

/** The capsule of one run: destroyed with it, whatever happens. A failure to do so is said, but is not the result. */
class RunCapsule implements AsyncDisposable {
  readonly id: string;
  readonly #client: WrennClient;
  readonly #context: CommandContext;

  constructor(client: WrennClient, id: string, context: CommandContext) {
    this.id = id;
    this.#client = client;
    this.#context = context;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#client.capsules.destroy(this.id, { signal: AbortSignal.timeout(destroyLimitMs) });
    } catch (thrown) {
      say(this.#context, `capsule ${this.id} could not be destroyed: ${describeError(thrown)}`);
      say(this.#context, `end it with \`wrenn capsule rm ${this.id}\``);
    }
  }
}
