import { parseConfig, startLogLevel, WrennError } from '@wrenn/core';
import { createLogger, runService, runTask } from '@wrenn/service';
import { settings } from './config.ts';

const [command = 'serve', ...args] = process.argv.slice(2);
const level = startLogLevel(settings, process.env);

switch (command) {
  case 'serve':
    await runService('control-plane', level, async ({ log }) => {
      const { startControlPlane } = await import('./control-plane.ts');
      return await startControlPlane({ config: parseConfig(settings, process.env), log, sessions: 'apart' });
    });
    break;
  case 'bootstrap':
    // Standard output is for the result, so only faults are logged.
    await runTask('control-plane', 'error', async () => {
      const { bootstrapCommand } = await import('./bootstrap/command.ts');
      return await bootstrapCommand(parseConfig(settings, process.env), args);
    });
    break;
  case 'sessions': {
    const { serveSessions } = await import('./sockets/serve-sessions.ts');
    await serveSessions(parseConfig(settings, process.env), createLogger('sessions', level));
    process.exit(0);
    break;
  }
  default:
    throw new WrennError('invalid_request', `there is no command ${command}: serve, sessions or bootstrap`);
}
