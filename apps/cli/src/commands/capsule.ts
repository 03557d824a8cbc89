import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { capsuleCreateCommand } from './capsule-create.ts';
import { capsuleExecCommand } from './capsule-exec.ts';
import { capsuleForkCommand } from './capsule-fork.ts';
import { capsuleListCommand } from './capsule-ls.ts';
import { capsulePauseCommand } from './capsule-pause.ts';
import { capsulePortCommand } from './capsule-port.ts';
import { capsuleResumeCommand } from './capsule-resume.ts';
import { capsuleRemoveCommand } from './capsule-rm.ts';
import { capsuleShellCommand } from './capsule-shell.ts';

export function capsuleCommand(context: CommandContext): Command {
  return new Command('capsule')
    .summary('list, create, use, pause, fork and destroy capsules')
    .description('List, create, use, pause, fork and destroy capsules.')
    .enablePositionalOptions()
    .addCommand(capsuleListCommand(context))
    .addCommand(capsuleCreateCommand(context))
    .addCommand(capsuleExecCommand(context))
    .addCommand(capsuleShellCommand(context))
    .addCommand(capsulePortCommand(context))
    .addCommand(capsulePauseCommand(context))
    .addCommand(capsuleResumeCommand(context))
    .addCommand(capsuleForkCommand(context))
    .addCommand(capsuleRemoveCommand(context));
}
