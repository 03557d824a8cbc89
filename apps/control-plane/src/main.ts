import { parseConfig, settingType, WrennError } from '@wrenn/core';
import { runService, runTask } from '@wrenn/service';
import { settings } from './config.ts';

const [command = 'serve', ...args] = process.argv.slice(2);
// Read ahead of the rest, so that faults of the rest are reported as every fault of the start is.
const level = settingType.logLevel.catch('info').parse(process.env[settings.logLevel.variable]);

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
