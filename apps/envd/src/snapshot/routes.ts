import type { IncomingMessage } from 'node:http';
import { WrennError } from '@wrenn/core';
import { hostSecretHeader } from '../access/access-control.ts';
import { stepToTimeOf } from '../clock/step-to-time-of.ts';
import type { Flags } from '../flags.ts';
import type { Daemon } from '../guest/daemon.ts';
import { headerOf, type Route } from '../http/router.ts';
import { readJsonBody } from '../http/whole-body.ts';
import { parseInitRequest } from '../init/init-request.ts';
import { goOn, prepareSnapshot } from './prepare.ts';
import { syncDisk } from './sync-disk.ts';

/** What the host calls around a copy of the machine: before it, and after it where the machine goes on. */
export function snapshotRoutes(daemon: Daemon, mode: Flags['mode']): readonly Route[] {
  const requireHost = (request: IncomingMessage) => {
    if (mode === 'standalone') {
      throw new WrennError('invalid_state', 'a standalone daemon leaves this machine as it is: no snapshot');
    }
    // Until the first /init nobody is known to be the host.
    if (daemon.phase === 'waiting') throw new WrennError('unauthorized', 'the capsule has no host yet');
    daemon.access.requireHost(headerOf(request, hostSecretHeader), undefined);
  };
  return [
    {
      method: 'POST',
      path: '/snapshot/prepare',
      access: 'host',
      async handle(request, response) {
        requireHost(request);
        await prepareSnapshot(daemon);
        response.writeHead(204).end();
      },
    },
    {
      method: 'POST',
      path: '/snapshot/sync',
      access: 'host',
      async handle(request, response) {
        requireHost(request);
        await syncDisk(daemon);
        response.writeHead(204).end();
      },
    },
    {
      method: 'POST',
      path: '/snapshot/continue',
      access: 'host',
      async handle(request, response) {
        const timestamp = await readTimestamp(request);
        requireHost(request);
        // A machine that runs has its time: this may be an old request that comes once more.
        if (timestamp !== undefined && daemon.phase === 'prepared') {
          stepToTimeOf(daemon.machine, timestamp, request.socket);
        }
        goOn(daemon);
        response.writeHead(204).end();
      },
    },
  ];
}

/** Nanoseconds since 1970, from a body that may be absent. */
async function readTimestamp(request: IncomingMessage): Promise<bigint | undefined> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return undefined;
  return parseInitRequest(await readJsonBody(request)).timestamp;
}
