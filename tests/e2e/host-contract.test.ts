import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { HostAgentService } from '@wrenn/protocol/hostagent';
import { type HostUnderContract, hostContract } from '@wrenn/testkit/host-contract';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import { client } from '../support/client.ts';

let contract: HostUnderContract;

beforeAll(async () => {
  const { directory, agentAddress } = inject('wrenn');
  const read = (name: string) => readFile(join(directory, 'pki', name), 'utf8');
  const [ca, cert, key] = await Promise.all([
    read('ca.crt'),
    read('control-plane.crt'),
    read('control-plane.key'),
  ]);
  const transport = createConnectTransport({
    baseUrl: `https://${agentAddress}`,
    httpVersion: '1.1',
    nodeOptions: { ca, cert, key },
  });
  const { capsules } = client();
  const { id: sandboxId } = await capsules.create();
  contract = {
    agent: createClient(HostAgentService, transport),
    sandboxId,
    pause: async () => void (await capsules.pause(sandboxId)),
    resume: async () => void (await capsules.resume(sandboxId)),
  };
});
afterAll(async () => {
  if (contract !== undefined) await client().capsules.destroy(contract.sandboxId);
});

describe('a host keeps what it promises', () => {
  test.each(hostContract)('$name', async ({ hold }) => await hold(contract));
});
