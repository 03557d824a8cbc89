import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { Filesystem } from '@wrenn/protocol/filesystem';
import { Process } from '@wrenn/protocol/process';
import { inject } from 'vitest';
import * as z from 'zod/mini';
import { slotAt } from '../../apps/host-agent/src/network/slot.ts';

const record = z.object({
  slot: z.number(),
  accessToken: z.string(),
  hostSecret: z.string(),
  machine: z.object({ pid: z.number() }),
});

/** What the host keeps of a running capsule. */
async function recordOf(id: string): Promise<z.infer<typeof record>> {
  const path = join(inject('wrenn').directory, 'capsules', id, 'record.json');
  return record.parse(JSON.parse(await readFile(path, 'utf8')));
}

/** Where this machine reaches a running capsule: another place after each resume. */
export async function addressOf(id: string): Promise<string> {
  return slotAt((await recordOf(id)).slot).hostAddress;
}

/** The process that runs it: another one after each resume. */
export async function monitorOf(id: string): Promise<number> {
  return (await recordOf(id)).machine.pid;
}

export interface GuestDaemon {
  readonly processes: Client<typeof Process>;
  readonly files: Client<typeof Filesystem>;
}

/** The daemon in a running capsule, asked directly, by connections of its own. */
export async function daemonOf(id: string): Promise<GuestDaemon> {
  const { accessToken } = await recordOf(id);
  const transport = createConnectTransport({
    baseUrl: `http://${await addressOf(id)}:49983`,
    httpVersion: '1.1',
    interceptors: [
      (next) => (call) => {
        call.header.set('x-access-token', accessToken);
        return next(call);
      },
    ],
  });
  return { processes: createClient(Process, transport), files: createClient(Filesystem, transport) };
}
