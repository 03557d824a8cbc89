import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { snapshotCreateCommand } from './snapshot-create.ts';
import { snapshotListCommand } from './snapshot-ls.ts';
import { snapshotRemoveCommand } from './snapshot-rm.ts';

export function snapshotCommand(context: CommandContext): Command {
  return new Command('snapshot')
    .summary('list, create and delete snapshots')
    .description('List, create and delete what capsules are created from.')
    .enablePositionalOptions()
    .addCommand(snapshotListCommand(context))
    .addCommand(snapshotCreateCommand(context))
    .addCommand(snapshotRemoveCommand(context));
}
