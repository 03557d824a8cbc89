import { readFile, writeFile } from 'node:fs/promises';
import { Secret } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { createContext } from '../src/control-plane.ts';
import { buildApp } from '../src/http/app.ts';
import { Sockets } from '../src/sockets/sockets.ts';
import { testConfig } from '../src/testing/test-config.ts';

/** Writes spec/openapi.json from the routes; with `--check` only says whether it is current (exit code 1 if not). */
const target = new URL('../../../spec/openapi.json', import.meta.url);

const context = createContext(
  // Nothing of it is used: routes are described, not called.
  testConfig({ databaseUrl: 'postgres:///none', directory: '/nonexistent' }),
  createLogger('openapi', 'silent'),
  {
    credentials: { ca: '', certificate: '', key: '' },
    secrets: {
      portAccess: Buffer.alloc(32),
      edge: new Secret(''),
      session: new Secret(''),
      oauth: new Secret(''),
      audit: new Secret(''),
      sealing: new Secret(''),
    },
  },
);
const app = await buildApp(context, [], new Sockets(context, []));
const document = `${JSON.stringify(app.swagger(), null, 2)}\n`;
await app.close();
await context.database.destroy();

if (process.argv.includes('--check')) {
  const committed = await readFile(target, 'utf8').catch(() => '');
  if (committed !== document) {
    console.error('spec/openapi.json is not current: run `node apps/control-plane/build/openapi.ts`');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, document);
}
