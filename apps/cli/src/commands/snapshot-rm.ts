import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import type { CommandContext } from '../context.ts';
import { doEach } from './each.ts';

export function snapshotRemoveCommand(context: CommandContext): Command {
  return clientCommand('rm')
    .summary('delete snapshots')
    .description('Delete snapshots. Capsules that were created from them keep what they need.')
    .argument('<name...>', 'names of snapshots')
    .action(async (names: string[], flags: ClientFlags) => {
      const { snapshots } = await openClient(flags, context);
      const output = flags.json === true ? 'json' : 'text';
      const act = async (name: string) => {
        await snapshots.delete(name);
        return name;
      };
      await doEach({ names, past: 'deleted', output, act }, context);
    });
}
