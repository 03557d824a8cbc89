// Writes docs/configuration.md from the settings of all programs; with `--check` only says whether it is current.
import { readFile, writeFile } from 'node:fs/promises';
import { clientSettings, settings as upSettings } from '../apps/cli/src/config.ts';
import { settings as controlPlaneSettings } from '../apps/control-plane/src/config.ts';
import { settings as edgeSettings } from '../apps/edge/src/config.ts';
import { settings as agentSettings } from '../apps/host-agent/src/config.ts';
import { configurationPage } from './configuration/page.ts';

const target = new URL('../docs/configuration.md', import.meta.url);

const page = configurationPage([
  { title: 'wrenn up', about: 'Starts all of the programs below on one machine.', settings: upSettings },
  { title: 'wrenn', about: 'The commands that talk to the API.', settings: clientSettings },
  { title: 'control-plane', about: 'The API and the dashboard.', settings: controlPlaneSettings },
  { title: 'edge', about: 'Traffic to capsules.', settings: edgeSettings },
  { title: 'host-agent', about: 'Runs the capsules of one machine.', settings: agentSettings },
]);

if (process.argv.includes('--check')) {
  const committed = await readFile(target, 'utf8').catch(() => '');
  if (committed !== page) {
    console.error('docs/configuration.md is not current: run `npm run generate`');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, page);
}
