import { Command } from 'commander';
import { adminCommand } from './commands/admin.ts';
import { agentCommand } from './commands/agent.ts';
import { auditCommand } from './commands/audit.ts';
import { capsuleCommand } from './commands/capsule.ts';
import { doctorCommand } from './commands/doctor.ts';
import { fileCommand } from './commands/file.ts';
import { runCommand } from './commands/run.ts';
import { snapshotCommand } from './commands/snapshot.ts';
import { templateCommand } from './commands/template.ts';
import { upCommand } from './commands/up.ts';
import { usageCommand } from './commands/usage.ts';
import type { CommandContext } from './context.ts';
import { exitCodeHelp } from './exit-code.ts';
import { version } from './version.ts';

/** The whole command line. Commander throws CommanderError instead of ending the process. */
export function buildProgram(context: CommandContext): Command {
  const program = new Command('wrenn')
    .description('Run untrusted code in microVMs.')
    .version(version)
    .enablePositionalOptions()
    .addHelpText('after', exitCodeHelp)
    .addCommand(upCommand(context))
    .addCommand(doctorCommand(context))
    .addCommand(runCommand(context))
    .addCommand(capsuleCommand(context))
    .addCommand(fileCommand(context))
    .addCommand(snapshotCommand(context))
    .addCommand(templateCommand(context))
    .addCommand(usageCommand(context))
    .addCommand(agentCommand(context))
    .addCommand(adminCommand(context))
    .addCommand(auditCommand(context));
  configure(program, context);
  return program;
}

/** Settings that commander hands on only to subcommands that it makes itself. */
function configure(command: Command, context: CommandContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: (text) => context.stderr.write(text),
    getOutHelpWidth: () => 100,
    getErrHelpWidth: () => 100,
  });
  command.showHelpAfterError('(--help shows how)');
  for (const each of command.commands) configure(each as Command, context);
}
