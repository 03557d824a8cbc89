import { parseConfig } from '@wrenn/core';
import { Command } from 'commander';
import { settings } from '../config.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';

export function agentSelftestCommand(context: CommandContext): Command {
  return new Command('selftest')
    .summary('boot a capsule and let it say hello')
    .description(
      'Boot a virtual machine with the engine that this machine has, run `echo hello` in it, and remove all of it. Wrenn may run meanwhile. Needs root, and the images that `wrenn up` makes.',
    )
    .option('--json', 'print JSON; progress goes to standard error')
    .action(async ({ json }: { json?: true }) => {
      const config = parseConfig(settings, context.environment);
      // Loaded here, since the other commands do not need what starts programs.
      const { selftest, selftestLines } = await import('../agent/selftest.ts');
      const screen = json === true ? context.stderr : context.stdout;
      const result = await selftest({ config, environment: context.environment, screen });
      if (json === true) printJson(context, result);
      else for (const line of selftestLines(result, context.colors)) printLine(context, line);
    });
}
