import type { DayOfUsage, UsageOptions } from '@wrenn/sdk';
import { type Command, Option } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { formatTable } from '../output/table.ts';

interface Flags extends ClientFlags, UsageOptions {
  readonly csv?: true;
}

export function usageCommand(context: CommandContext): Command {
  return clientCommand('usage')
    .summary('what the team used, by day')
    .description(
      'Print what the capsules of the team used on each day, in UTC; that of today goes up to now.',
    )
    .option('--from <day>', 'the first day, as 2026-01-31 (default: 30 days in all)')
    .option('--to <day>', 'the last day (default: today)')
    .addOption(new Option('--csv', 'print CSV, with exact decimals').conflicts('json'))
    .action(async ({ from, to, ...flags }: Flags) => {
      const { usage } = await openClient(flags, context);
      const days = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      if (flags.csv === true) {
        context.stdout.write(await usage.csv(days));
        return;
      }
      const found = await usage.days(days);
      if (flags.json === true) {
        printJson(context, found);
        return;
      }
      const head = ['DAY', 'CPU MINUTES', 'MEMORY GIB MINUTES'];
      for (const line of formatTable(head, found.points.map(rowOf), context.colors)) printLine(context, line);
    });
}

function rowOf({ date, cpuMinutes, ramMbMinutes }: DayOfUsage): string[] {
  return [date, cpuMinutes.toFixed(2), (ramMbMinutes / 1024).toFixed(2)];
}
