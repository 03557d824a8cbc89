import { parseConfig } from '@wrenn/core';
import { Command } from 'commander';
import { settings } from '../config.ts';
import type { CommandContext } from '../context.ts';

export function upCommand(context: CommandContext): Command {
  return new Command('up')
    .summary('start Wrenn on this machine')
    .description(
      'Set this machine up, start Wrenn on it, and keep it running until Ctrl-C. Needs root. Settings are environment variables: docs/configuration.md.',
    )
    .option('--json', 'print one line of JSON when it is up; progress goes to standard error')
    .action(async ({ json }: { json?: true }) => {
      const config = parseConfig(settings, context.environment);
      const output = json === true ? 'json' : 'text';
      // Loaded here, since the other commands need neither the database nor the rest of it.
      const { up } = await import('../up/up.ts');
      context.exit(await up({ config, environment: context.environment, output }));
    });
}
