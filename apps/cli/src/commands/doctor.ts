import { parseConfig } from '@wrenn/core';
import { Command } from 'commander';
import { findBaseUrl } from '../client/connection.ts';
import { clientSettings } from '../config.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { examineApi, examineHost, type Finding } from '../doctor/examine.ts';
import { exitCodes } from '../exit-code.ts';
import { version } from '../version.ts';

export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .summary('examine this machine')
    .description(
      'Examine what Wrenn needs of this machine. Exits with 1 when something keeps capsules from running.',
    )
    .option('--url <address>', 'address of the API (default: WRENN_BASE_URL, else the one on this machine)')
    .option('--json', 'print JSON')
    .action(async (flags: { url?: string; json?: true }) => {
      const baseUrl = await findBaseUrl(flags, parseConfig(clientSettings, context.environment));
      const [host, api] = await Promise.all([examineHost(context.environment), examineApi(baseUrl, version)]);
      const checks = [...host, api];
      if (flags.json === true) printJson(context, { checks });
      else for (const line of checks.flatMap((check) => linesOf(check, context))) printLine(context, line);
      if (checks.some(({ status }) => status === 'fail')) context.exit(exitCodes.failure);
    });
}

const widthOfIds = 21;

function linesOf({ id, status, detail, remedy }: Finding, { colors }: CommandContext): string[] {
  const color = { ok: colors.green, warn: colors.yellow, fail: colors.red }[status];
  const line = `${color(status.padEnd(4))}  ${id.padEnd(widthOfIds)}  ${detail}`;
  return remedy === null ? [line] : [line, `${' '.repeat(widthOfIds + 8)}${colors.dim(`-> ${remedy}`)}`];
}
