import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';

export function snapshotCreateCommand(context: CommandContext): Command {
  return clientCommand('create')
    .summary('keep the state of a capsule under a name')
    .description(
      'Keep the state that a capsule has now, and print its name: `wrenn capsule create --template NAME` starts capsules from it. The capsule goes on as it was, running or paused.',
    )
    .argument('<capsule-id>', 'ID of the capsule')
    .argument('[name]', 'default: template- and eight digits')
    .action(async (capsuleId: string, name: string | undefined, flags: ClientFlags) => {
      const { snapshots } = await openClient(flags, context);
      const created = await snapshots.create({ capsuleId, ...(name === undefined ? {} : { name }) });
      if (flags.json === true) printJson(context, created);
      else printLine(context, created.name);
    });
}
