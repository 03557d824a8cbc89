import { Catalog } from '@wrenn/forward';
import { createLogger } from '@wrenn/service';
import { expect, it } from 'vitest';
import { Relay } from './relay.ts';
import { relayServer } from './relay-server.ts';

const log = createLogger('test', 'silent');

it('gives a caller 10 seconds for its headers, and keeps an idle connection for longer than 10 minutes', () => {
  using catalog = new Catalog({ socketPath: '/nowhere/traffic.sock', kind: 'relay', log });
  const nobody = { ca: undefined, cert: undefined, key: undefined };
  const server = relayServer(new Relay(catalog, log), nobody);
  expect(server).toMatchObject({ headersTimeout: 10_000, keepAliveTimeout: 620_000, requestTimeout: 0 });
});
