import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { portNumber, wholeNumber } from './options.ts';

interface Flags extends ClientFlags {
  readonly expires?: number;
}

export function capsulePortCommand(context: CommandContext): Command {
  return clientCommand('port')
    .summary('print an address of a port of a capsule, or its ports')
    .description(
      'Print an address of a port: its own where the ports of the capsule are public, else a link that opens it for whoever has it. Without a port, those that something in the capsule listens on, one a line.',
    )
    .argument('<id>', 'ID of a capsule')
    .argument('[port]', 'port that a program in it listens on', portNumber)
    .option('--expires <seconds>', 'how long the link holds (default: 3600)', wholeNumber(1))
    .action(async (id: string, port: number | undefined, flags: Flags) => {
      const { ports } = await openClient(flags, context);
      if (port === undefined) {
        const open = await ports.list(id);
        if (flags.json === true) printJson(context, { ports: open });
        else for (const each of open) printLine(context, String(each));
        return;
      }
      const { publicPorts, urlTemplate } = await ports.access(id);
      if (publicPorts && flags.expires === undefined) {
        const url = urlTemplate.replace('{port}', String(port));
        if (flags.json === true) printJson(context, { url });
        else printLine(context, url);
        return;
      }
      const link = await ports.link(
        id,
        port,
        flags.expires === undefined ? {} : { expiresInSec: flags.expires },
      );
      if (flags.json === true) printJson(context, link);
      else printLine(context, link.url);
    });
}
