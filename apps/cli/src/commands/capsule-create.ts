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
  readonly publicPorts?: true;
  readonly env?: Readonly<Record<string, string>>;
}

export function capsuleCreateCommand(context: CommandContext): Command {
  return addTimeoutOption(addShapeOptions(clientCommand('create')), 'never')
    .summary('create a capsule')
    .description('Create a capsule and print its ID when commands can be run in it.')
    .option('--auto-resume', 'a command in it, or a request to a port, resumes it when it is paused')
    .option('--public-ports', 'anyone who knows the address of a port may use it')
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
        ...(flags.publicPorts === undefined ? {} : { publicPorts: flags.publicPorts }),
        ...(flags.env === undefined ? {} : { envs: flags.env }),
      });
      if (flags.json === true) printJson(context, created);
      else printLine(context, created.id);
    });
}
