import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { fileCopyCommand } from './file-cp.ts';
import { fileListCommand } from './file-ls.ts';
import { fileMakeCommand, fileMoveCommand, fileRemoveCommand } from './file-paths.ts';

export function fileCommand(context: CommandContext): Command {
  return new Command('file')
    .summary('list, copy, move and remove files in capsules')
    .description('List, copy, move and remove files in capsules. A file in a capsule is written cl-…:PATH.')
    .enablePositionalOptions()
    .addCommand(fileListCommand(context))
    .addCommand(fileCopyCommand(context))
    .addCommand(fileMakeCommand(context))
    .addCommand(fileMoveCommand(context))
    .addCommand(fileRemoveCommand(context));
}
