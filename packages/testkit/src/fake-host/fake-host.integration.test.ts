import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { HostAgentService } from '@wrenn/protocol/hostagent';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type HostUnderContract, hostContract } from '../host-contract/host-contract.ts';
import { makeTestPki } from '../test-pki.ts';
import { FakeHost } from './fake-host.ts';

let folder: string;
let host: FakeHost;
let contract: HostUnderContract;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fake-host-'));
  makeTestPki(folder, 'host-1');
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  host = await FakeHost.start({ ca: read('ca.crt'), certificate: read('host.crt'), key: read('host.key') });
  const transport = createConnectTransport({
    baseUrl: `https://${host.address}`,
    httpVersion: '1.1',
    nodeOptions: { ca: read('ca.crt'), cert: read('cp.crt'), key: read('cp.key') },
  });
  const agent = createClient(HostAgentService, transport);
  const sandboxId = `cl-${'0'.repeat(24)}2`;
  await agent.createSandbox({ sandboxId, template: 'minimal', vcpus: 1, memoryMb: 512 });
  contract = {
    agent,
    sandboxId,
    pause: async () => void (await agent.pauseSandbox({ sandboxId })),
    resume: async () => void (await agent.resumeSandbox({ sandboxId })),
  };
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe('the fake host keeps what a host promises', () => {
  test.each(hostContract)('$name', async ({ hold }) => await hold(contract));
});
