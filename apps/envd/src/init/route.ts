import { WrennError } from '@wrenn/core';
import { hostSecretHeader } from '../access/access-control.ts';
import type { Daemon } from '../guest/daemon.ts';
import { replyJson } from '../http/reply.ts';
import { headerOf, type Route } from '../http/router.ts';
import { readJsonBody } from '../http/whole-body.ts';
import { followUp } from './follow-up.ts';
import { parseInitRequest } from './init-request.ts';
import { initialise } from './initialise.ts';

/** `POST /init`: from the host, at the first boot of a template and after every restore. */
export function initRoute(daemon: Daemon, mode: 'standalone' | 'capsule'): Route {
  return {
    method: 'POST',
    path: '/init',
    access: 'host',
    async handle(request, response) {
      if (mode === 'standalone') {
        throw new WrennError('invalid_state', 'a standalone daemon leaves this machine as it is: no /init');
      }
      const init = parseInitRequest(await readJsonBody(request));
      // Checked after the last wait, so that nothing comes between the check and what it allows.
      daemon.access.requireHost(headerOf(request, hostSecretHeader), init.hostSecret);
      daemon.metadata.stop();
      const receipt = initialise(daemon, init, request.socket);
      response.once('close', () => followUp(daemon, init));
      replyJson(response, 200, receipt);
    },
  };
}
