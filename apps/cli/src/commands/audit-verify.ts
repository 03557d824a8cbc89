import { parseConfig } from '@wrenn/core';
import { Command } from 'commander';
import { settings } from '../config.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { exitCodes } from '../exit-code.ts';

interface Flags {
  readonly team?: string;
  readonly json?: true;
}

export function auditVerifyCommand(context: CommandContext): Command {
  return new Command('verify')
    .summary('find entries that were altered or removed')
    .description(
      'Read the whole audit log and find entries that were altered, removed or put in. Exits with 1 where there are any. Wrenn may run meanwhile. Needs root where the database is the embedded one.',
    )
    .option('--team <id>', "only this team's log")
    .option('--json', 'print JSON; progress goes to standard error')
    .action(async ({ team, json }: Flags) => {
      const config = parseConfig(settings, context.environment);
      // Loaded here, since the other commands do not need what starts programs.
      const { runTask } = await import('../up/run-task.ts');
      const { verdictFrom, verdictLines } = await import('../audit/verdict.ts');
      const { environment, stderr: screen } = context;
      const flags = team === undefined ? [] : ['--team', team];
      const facts = await runTask({ config, environment, screen }, ['audit', 'verify', ...flags]);
      const verdict = verdictFrom(facts);
      if (json === true) printJson(context, verdict);
      else for (const line of verdictLines(verdict, context.colors)) printLine(context, line);
      if (verdict.wrong > 0) context.exit(exitCodes.failure);
    });
}
