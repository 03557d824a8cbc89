import { WrennError } from '@wrenn/core';
import { hostSecretHeader } from '../access/access-control.ts';
import type { Flags } from '../flags.ts';
import type { Daemon } from '../guest/daemon.ts';
import { headerOf, type Route } from '../http/router.ts';
import { prepareSnapshot } from './prepare.ts';

/** `POST /snapshot/prepare`: from the host, before the machine is copied. */
export function snapshotRoutes(daemon: Daemon, mode: Flags['mode']): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/snapshot/prepare',
      access: 'host',
      async handle(request, response) {
        if (mode === 'standalone') {
          throw new WrennError(
            'invalid_state',
            'a standalone daemon leaves this machine as it is: no snapshot',
          );
        }
        // Until the first /init nobody is known to be the host.
        if (daemon.phase === 'waiting') throw new WrennError('unauthorized', 'the capsule has no host yet');
        daemon.access.requireHost(headerOf(request, hostSecretHeader), undefined);
        await prepareSnapshot(daemon);
        response.writeHead(204).end();
      },
    },
  ];
}
