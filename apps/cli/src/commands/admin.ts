import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { adminCreateCommand } from './admin-create.ts';

export function adminCommand(context: CommandContext): Command {
  return new Command('admin')
    .summary('administrate the installation on this machine')
    .description('Do what takes access to the database of the installation on this machine.')
    .enablePositionalOptions()
    .addCommand(adminCreateCommand(context));
}
