import type { Capsule } from '@wrenn/sdk';
import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { formatAge } from '../output/duration.ts';
import { formatTable } from '../output/table.ts';

export function capsuleListCommand(context: CommandContext): Command {
  return clientCommand('ls')
    .summary('list capsules')
    .description('List the capsules of the team, newest first, without those that are stopped or failed.')
    .action(async (flags: ClientFlags) => {
      const { capsules } = await openClient(flags, context);
      const found = await capsules.list();
      if (flags.json === true) {
        printJson(context, found);
        return;
      }
      const now = Date.now();
      const rows = found.map((capsule) => rowOf(capsule, now));
      const head = ['ID', 'STATUS', 'TEMPLATE', 'VCPUS', 'MEMORY', 'ISOLATION', 'AGE'];
      for (const line of formatTable(head, rows, context.colors)) printLine(context, line);
    });
}

function rowOf(capsule: Capsule, now: number): string[] {
  return [
    capsule.id,
    capsule.status,
    capsule.template,
    String(capsule.vcpus),
    `${capsule.memoryMb} MiB`,
    capsule.isolation ?? '-',
    formatAge(now - capsule.createdAt.getTime()),
  ];
}
