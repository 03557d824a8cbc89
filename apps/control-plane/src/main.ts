import { parseConfig, WrennError } from '@wrenn/core';
import { runService, runTask } from '@wrenn/service';
import { settings } from './config.ts';

const config = parseConfig(settings, process.env);
const [command = 'serve', ...args] = process.argv.slice(2);

switch (command) {
  case 'serve': {
    const { startControlPlane } = await import('./control-plane.ts');
    await runService('control-plane', config.logLevel, ({ log }) => startControlPlane({ config, log }));
    break;
  }
  case 'bootstrap': {
    const { bootstrapCommand } = await import('./bootstrap/command.ts');
    // Standard output is for the result.
    await runTask('control-plane', 'error', () => bootstrapCommand(config, args));
    break;
  }
  default:
    throw new WrennError('invalid_request', `there is no command ${command}: serve or bootstrap`);
}
