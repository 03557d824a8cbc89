import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ControlPlaneConfig } from '../config.ts';
import { bootstrap } from './bootstrap.ts';

/** `bootstrap [--api-key-file PATH] [--host-address HOST:PORT]`; prints the result as one line of JSON. */
export async function bootstrapCommand(
  config: ControlPlaneConfig,
  args: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'api-key-file': { type: 'string', default: join(config.directory, 'api-key') },
      'host-address': { type: 'string', default: '127.0.0.1:50051' },
    },
  });
  const result = await bootstrap(config, values['api-key-file'], values['host-address'], new Date());
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return { ...result };
}
