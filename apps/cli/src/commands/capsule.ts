import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { capsuleCreateCommand } from './capsule-create.ts';
import { capsuleExecCommand } from './capsule-exec.ts';
import { capsuleListCommand } from './capsule-ls.ts';
import { capsuleRemoveCommand } from './capsule-rm.ts';

export function capsuleCommand(context: CommandContext): Command {
  return new Command('capsule')
    .summary('list, create, use and destroy capsules')
    .description('List, create, use and destroy capsules.')
    .enablePositionalOptions()
    .addCommand(capsuleListCommand(context))
    .addCommand(capsuleCreateCommand(context))
    .addCommand(capsuleExecCommand(context))
    .addCommand(capsuleRemoveCommand(context));
}
