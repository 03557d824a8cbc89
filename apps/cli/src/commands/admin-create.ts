import { resolve } from 'node:path';
import { parseConfig } from '@wrenn/core';
import { Command } from 'commander';
import type { CreatedAdmin } from '../admin/create-admin.ts';
import { settings } from '../config.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';

interface Flags {
  readonly email: string;
  readonly name?: string;
  readonly passwordFile?: string;
  readonly json?: true;
}

export function adminCreateCommand(context: CommandContext): Command {
  return new Command('create')
    .summary('make an administrator of the platform')
    .description(
      'Make an account that administrates the platform, or make the account that has this address one that does. Wrenn may run meanwhile. Needs root where the database is the embedded one.',
    )
    .requiredOption('--email <address>', 'address of the account')
    .option('--name <name>', 'what a new account is called')
    .option(
      '--password-file <path>',
      'file with the password (default for a new account: a random one, in a file that is named)',
    )
    .option('--json', 'print JSON')
    .action(async ({ email, name, passwordFile, json }: Flags) => {
      const config = parseConfig(settings, context.environment);
      const flags = [
        '--email',
        email,
        ...(name === undefined ? [] : ['--name', name]),
        ...(passwordFile === undefined ? [] : ['--password-file', resolve(passwordFile)]),
      ];
      // Loaded here, since the other commands do not need what starts programs.
      const { createAdmin } = await import('../admin/create-admin.ts');
      const { environment, stderr: screen } = context;
      const made = await createAdmin({ config, environment, screen }, flags);
      if (json === true) printJson(context, made);
      else for (const line of linesOf(made)) printLine(context, line);
    });
}

function linesOf(made: CreatedAdmin): string[] {
  const kept = 'The account keeps the password that it has.';
  const stored = `Its password is in ${made.password_file}.`;
  return [`${made.email} administrates the platform. ${made.password_file === undefined ? kept : stored}`];
}
