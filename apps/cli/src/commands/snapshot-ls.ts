import type { Snapshot, SnapshotType } from '@wrenn/sdk';
import { type Command, Option } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { formatAge } from '../output/duration.ts';
import { formatSize } from '../output/size.ts';
import { formatTable } from '../output/table.ts';

interface Flags extends ClientFlags {
  readonly type?: SnapshotType;
}

const types = ['base', 'snapshot'] as const satisfies readonly SnapshotType[];

export function snapshotListCommand(context: CommandContext): Command {
  return clientCommand('ls')
    .summary('list snapshots')
    .description("List what capsules can be created from, the team's and the platform's, newest first.")
    .addOption(new Option('--type <type>', 'only these').choices(types))
    .action(async (flags: Flags) => {
      const { snapshots } = await openClient(flags, context);
      const found = await snapshots.list(flags.type === undefined ? {} : { type: flags.type });
      if (flags.json === true) {
        printJson(context, found);
        return;
      }
      const now = Date.now();
      const rows = found.map((snapshot) => rowOf(snapshot, now));
      const head = ['NAME', 'TYPE', 'OWNER', 'VCPUS', 'MEMORY', 'SIZE', 'AGE'];
      for (const line of formatTable(head, rows, context.colors)) printLine(context, line);
    });
}

function rowOf(snapshot: Snapshot, now: number): string[] {
  return [
    snapshot.name,
    snapshot.type,
    snapshot.platform ? 'platform' : 'team',
    snapshot.vcpus === undefined ? '-' : String(snapshot.vcpus),
    snapshot.memoryMb === undefined ? '-' : `${snapshot.memoryMb} MiB`,
    formatSize(snapshot.sizeBytes),
    formatAge(now - snapshot.createdAt.getTime()),
  ];
}
