import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { addShapeOptions, environmentVariable, type ShapeFlags, shapeOf, wholeNumber } from './options.ts';

interface Flags extends ClientFlags, ShapeFlags {
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export function capsuleCreateCommand(context: CommandContext): Command {
  return addShapeOptions(clientCommand('create'))
    .summary('create a capsule')
    .description('Create a capsule and print its ID when commands can be run in it.')
    .option(
      '--timeout <seconds>',
      'pause it after this long without activity; kept, not acted on yet (default: never)',
      wholeNumber(0),
    )
    .option(
      '-e, --env <NAME=VALUE>',
      'environment of every command in it; may be repeated',
      environmentVariable,
    )
    .action(async (flags: Flags) => {
      const { capsules } = await openClient(flags, context);
      const created = await capsules.create({
        ...shapeOf(flags),
        ...(flags.timeout === undefined ? {} : { timeoutSec: flags.timeout }),
        ...(flags.env === undefined ? {} : { envs: flags.env }),
      });
      if (flags.json === true) printJson(context, created);
      else printLine(context, created.id);
    });
}
