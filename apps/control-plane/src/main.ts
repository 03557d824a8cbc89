import { parseConfig, startLogLevel, WrennError } from '@wrenn/core';
import { runService, runTask } from '@wrenn/service';
import { settings } from './config.ts';

const [command = 'serve', ...args] = process.argv.slice(2);
const level = startLogLevel(settings, process.env);

switch (command) {
  case 'serve':
    await runService('control-plane', level, async ({ log }) => {
      const { startControlPlane } = await import('./control-plane.ts');
      return await startControlPlane({ config: parseConfig(settings, process.env), log });
    });
    break;
  case 'bootstrap':
    // Standard output is for the result, so only faults are logged.
    await runTask('control-plane', 'error', async () => {
      const { bootstrapCommand } = await import('./bootstrap/command.ts');
      return await bootstrapCommand(parseConfig(settings, process.env), args);
    });
    break;
  default:
    throw new WrennError('invalid_request', `there is no command ${command}: serve or bootstrap`);
}
