import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import {
  addShapeOptions,
  addTimeoutOption,
  environmentVariable,
  type ShapeFlags,
  shapeOf,
  type TimeoutFlags,
  timeoutOf,
} from './options.ts';

interface Flags extends ClientFlags, ShapeFlags, TimeoutFlags {
  readonly autoResume?: true;
  readonly env?: Readonly<Record<string, string>>;
}

export function capsuleCreateCommand(context: CommandContext): Command {
  return addTimeoutOption(addShapeOptions(clientCommand('create')), 'never')
    .summary('create a capsule')
    .description('Create a capsule and print its ID when commands can be run in it.')
    .option('--auto-resume', 'a command in it resumes it when it is paused')
    .option(
      '-e, --env <NAME=VALUE>',
      'environment of every command in it; may be repeated',
      environmentVariable,
    )
    .action(async (flags: Flags) => {
      const { capsules } = await openClient(flags, context);
      const created = await capsules.create({
        ...shapeOf(flags),
        ...timeoutOf(flags),
        ...(flags.autoResume === undefined ? {} : { autoResume: flags.autoResume }),
        ...(flags.env === undefined ? {} : { envs: flags.env }),
      });
      if (flags.json === true) printJson(context, created);
      else printLine(context, created.id);
    });
}
