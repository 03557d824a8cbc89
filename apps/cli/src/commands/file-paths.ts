import { WrennError } from '@wrenn/core';
import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import type { CommandContext } from '../context.ts';
import { parseFileName } from '../files/copy.ts';

type Flags = ClientFlags & { readonly user?: string };

const userOption = ['--user <name>', "as whom; by default the template's user"] as const;
const userOf = ({ user }: Flags) => (user === undefined ? {} : { user });

/** A file in a capsule; throws invalid_request for one of this machine. */
export function inCapsule(text: string): { readonly id: string; readonly path: string } {
  const name = parseFileName(text);
  if (name.kind === 'capsule') return name;
  throw new WrennError('invalid_request', `${text} is not in a capsule`, { remedy: 'write it as cl-…:PATH' });
}

export function fileMakeCommand(context: CommandContext): Command {
  return clientCommand('mkdir')
    .summary('make a folder, with those above it')
    .argument('<folder>', 'cl-…:PATH')
    .option(...userOption)
    .action(async (folder: string, flags: Flags) => {
      const { id, path } = inCapsule(folder);
      await (await openClient(flags, context)).files.makeDirectory(id, path, userOf(flags));
    });
}

export function fileMoveCommand(context: CommandContext): Command {
  return clientCommand('mv')
    .summary('move or rename within a capsule')
    .argument('<source>', 'cl-…:PATH')
    .argument('<destination>', 'a path in the same capsule')
    .option(...userOption)
    .action(async (source: string, destination: string, flags: Flags) => {
      const { id, path } = inCapsule(source);
      const to = parseFileName(destination);
      if (to.kind === 'capsule' && to.id !== id) {
        throw new WrennError('invalid_request', 'both must be in the same capsule', {
          remedy: 'copy it instead',
        });
      }
      await (await openClient(flags, context)).files.move(id, path, to.path, userOf(flags));
    });
}

export function fileRemoveCommand(context: CommandContext): Command {
  return clientCommand('rm')
    .summary('remove a file, or a folder with all that is in it')
    .argument('<path>', 'cl-…:PATH')
    .option(...userOption)
    .action(async (name: string, flags: Flags) => {
      const { id, path } = inCapsule(name);
      await (await openClient(flags, context)).files.remove(id, path, userOf(flags));
    });
}
