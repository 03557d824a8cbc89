import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';

export function capsuleRemoveCommand(context: CommandContext): Command {
  return clientCommand('rm')
    .summary('destroy capsules')
    .description('Destroy capsules for good. Succeeds for one that is stopped already.')
    .argument('<id...>', 'IDs of capsules')
    .action(async (ids: string[], flags: ClientFlags) => {
      const { capsules } = await openClient(flags, context);
      for (const id of ids) {
        await capsules.destroy(id);
        if (flags.json !== true) printLine(context, id);
      }
      if (flags.json === true) printJson(context, { destroyed: ids });
    });
}
