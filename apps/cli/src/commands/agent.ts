import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { agentSelftestCommand } from './agent-selftest.ts';

export function agentCommand(context: CommandContext): Command {
  return new Command('agent')
    .summary("try this machine's host agent")
    .description('Try what runs capsules on this machine, without the rest of Wrenn.')
    .enablePositionalOptions()
    .addCommand(agentSelftestCommand(context));
}
