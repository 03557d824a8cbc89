import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import type { CommandContext } from '../context.ts';
import { doEach } from './each.ts';

export function capsuleRemoveCommand(context: CommandContext): Command {
  return clientCommand('rm')
    .summary('destroy capsules')
    .description('Destroy capsules for good. Succeeds for one that is stopped already.')
    .argument('<id...>', 'IDs of capsules')
    .action(async (names: string[], flags: ClientFlags) => {
      const { capsules } = await openClient(flags, context);
      const output = flags.json === true ? 'json' : 'text';
      const act = async (id: string) => {
        await capsules.destroy(id);
        return id;
      };
      await doEach({ names, past: 'destroyed', output, act }, context);
    });
}
