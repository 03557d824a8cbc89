import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, say } from '../context.ts';
import { sayStatus, sitAtTerminal } from '../shell/sit-at-terminal.ts';
import { commandAfterId } from './command-after-id.ts';

interface Flags extends ClientFlags {
  readonly attach?: string;
  readonly user?: string;
  readonly cwd?: string;
}

export function capsuleShellCommand(context: CommandContext): Command {
  return clientCommand('shell')
    .summary('sit at a terminal in a capsule')
    .description(
      'Sit at a terminal in a capsule: a shell, or the command given. Ctrl-] leaves it, and it goes on; so it does when the connection is lost.',
    )
    .argument('<id>', 'ID of the capsule')
    .argument('[command...]', 'what to run instead of a shell')
    .option('--attach <tag>', 'go back to a terminal that was left')
    .option('--user <name>', "as whom; by default the template's user")
    .option('--cwd <path>', "where; by default the user's home")
    .passThroughOptions()
    .action(async (id: string, rest: string[], flags: Flags) => {
      const client = await openClient(flags, context);
      const onStatus = sayStatus(context);
      const size = { cols: context.stdout.columns ?? 80, rows: context.stdout.rows ?? 24 };
      const terminal =
        flags.attach === undefined
          ? await client.terminals.open(id, { ...startOf(rest, flags), ...size, onStatus })
          : await client.terminals.attach(id, flags.attach, { onStatus });
      if (flags.attach !== undefined) terminal.resize(size.cols, size.rows);
      const parting = await sitAtTerminal(terminal, context);
      if (parting.kind === 'exited') return context.exit(parting.exitCode);
      say(context, `left it running; come back with: wrenn capsule shell --attach ${terminal.tag} ${id}`);
    });
}

function startOf(rest: readonly string[], { user, cwd }: Flags) {
  const [cmd, ...args] = commandAfterId(
    rest,
    'wrenn capsule shell [options] ID [--] [COMMAND [ARGUMENT...]]',
  );
  return {
    ...(cmd === undefined ? {} : { cmd, args }),
    ...(user === undefined ? {} : { user }),
    ...(cwd === undefined ? {} : { cwd }),
    envs: { TERM: process.env['TERM'] ?? 'xterm-256color' },
  };
}
