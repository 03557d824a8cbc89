import { parseConfig, startLogLevel, WrennError } from '@wrenn/core';
import { createLogger, flushTraces, runService, runTask } from '@wrenn/service';
import { settings } from './config.ts';
import type { Extension } from './extension.ts';

export interface RunOptions {
  readonly extensions?: readonly Extension[];
  /** What was called for, and with what; without it, the arguments of this process. */
  readonly argv?: readonly string[];
}

/** The program: does what the command says, with the settings of the environment, and ends the process. */
export async function run({ extensions = [], argv = process.argv.slice(2) }: RunOptions = {}): Promise<void> {
  const [command = 'serve', ...args] = argv;
  const level = startLogLevel(settings, process.env);

  switch (command) {
    case 'serve':
      await runService('control-plane', level, async ({ log }) => {
        const { startControlPlane } = await import('./control-plane.ts');
        const config = parseConfig(settings, process.env);
        return await startControlPlane({ config, log, extensions, sessions: 'apart' });
      });
      break;
    case 'bootstrap':
      // Standard output is for the result, so only faults are logged.
      await runTask('control-plane', 'error', async () => {
        const { bootstrapCommand } = await import('./bootstrap/command.ts');
        return await bootstrapCommand(parseConfig(settings, process.env), args);
      });
      break;
    case 'admin':
      await runTask('control-plane', 'error', async () => {
        const { adminCommand } = await import('./bootstrap/admin-command.ts');
        return await adminCommand(parseConfig(settings, process.env), args);
      });
      break;
    case 'audit':
      await runTask('control-plane', 'error', async ({ report }) => {
        const { auditCommand } = await import('./audit/verify-command.ts');
        return await auditCommand(parseConfig(settings, process.env), args, report);
      });
      break;
    case 'sessions': {
      const { serveSessions } = await import('./sockets/serve-sessions.ts');
      await serveSessions(parseConfig(settings, process.env), createLogger('sessions', level));
      await flushTraces();
      process.exit(0);
      break;
    }
    default:
      throw new WrennError(
        'invalid_request',
        `there is no command ${command}: serve, sessions, admin, audit or bootstrap`,
      );
  }
}
