import type { FileEntry } from '@wrenn/sdk';
import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { inCapsule } from './file-paths.ts';

export function fileListCommand(context: CommandContext): Command {
  return clientCommand('ls')
    .summary('list a folder')
    .argument('<folder>', 'cl-…:PATH')
    .option('--user <name>', "as whom; by default the template's user")
    .action(async (folder: string, flags: ClientFlags & { readonly user?: string }) => {
      const { id, path } = inCapsule(folder);
      const client = await openClient(flags, context);
      const user = flags.user === undefined ? {} : { user: flags.user };
      const entries = await client.files.list(id, path, user);
      if (flags.json === true) printJson(context, entries);
      else for (const line of linesOf(entries)) printLine(context, line);
    });
}

function linesOf(entries: readonly FileEntry[]): string[] {
  const widest = (pick: (entry: FileEntry) => string) =>
    Math.max(0, ...entries.map((entry) => pick(entry).length));
  const owner = widest((entry) => `${entry.owner} ${entry.group}`);
  const size = widest((entry) => String(entry.size));
  return entries.map((entry) => {
    const time = new Date(entry.modifiedAt * 1000).toISOString().slice(0, 16).replace('T', ' ');
    const target = entry.symlinkTarget === undefined ? '' : ` -> ${entry.symlinkTarget}`;
    const who = `${entry.owner} ${entry.group}`.padEnd(owner);
    return `${entry.permissions} ${who} ${String(entry.size).padStart(size)} ${time} ${printable(entry.name + target)}`;
  });
}

/** A name in a capsule may hold anything, also what a terminal obeys. */
function printable(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
}
