import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, say } from '../context.ts';
import { copyFile, parseFileName } from '../files/copy.ts';
import { copyFolder } from '../files/copy-folder.ts';
import { StopSignals } from '../stop-signals.ts';
import { exitOnInsistence } from './insistence.ts';

/** What is over sooner needs no word. */
const sayAfterMs = 1_000;
const mebibyte = 1024 * 1024;

interface Flags extends ClientFlags {
  readonly user?: string;
  readonly recursive?: true;
}

export function fileCopyCommand(context: CommandContext): Command {
  return clientCommand('cp')
    .summary('copy a file or a folder into a capsule or out of one')
    .description(
      'Copy a file into a capsule or out of one. What is at the destination stays until the copy is whole. With --recursive, what is in a folder is copied into a folder.',
    )
    .argument('<source>', 'a file here, or cl-…:PATH')
    .argument('<destination>', 'a file or folder here, or cl-…:PATH; after a / the file keeps its name')
    .option('-r, --recursive', 'copy a folder with all that is in it')
    .option('--user <name>', "as whom in the capsule; by default the template's user")
    .action(async (source: string, destination: string, flags: Flags) => {
      const [from, to] = [parseFileName(source), parseFileName(destination)];
      using stop = new StopSignals(exitOnInsistence);
      const client = await openClient(flags, context);
      let bytes = 0;
      const report = (so: number) => {
        bytes = so;
      };
      const telling = setInterval(
        () => say(context, `${Math.round(bytes / mebibyte)} MiB copied`),
        sayAfterMs,
      );
      try {
        const copy = flags.recursive === true ? copyFolder : copyFile;
        await copy(from, to, { client, user: flags.user ?? '', report, signal: stop.signal });
      } finally {
        clearInterval(telling);
      }
    });
}
