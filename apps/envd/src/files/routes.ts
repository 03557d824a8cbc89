import { type Daemon, requireServing } from '../guest/daemon.ts';
import type { Route } from '../http/router.ts';
import { compose } from './compose.ts';
import { download } from './download.ts';
import { upload } from './upload.ts';

/** `/files` and `/files/compose`. */
export function fileRoutes(daemon: Daemon): readonly Route[] {
  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: '/files',
      access: 'signed',
      handle: (request, response) => download(daemon, request, response),
    },
    {
      method: 'POST',
      path: '/files',
      access: 'signed',
      handle: (request, response) => upload(daemon, request, response),
    },
    {
      method: 'POST',
      path: '/files/compose',
      access: 'token',
      handle: (request, response) => compose(daemon, request, response),
    },
  ];
  return routes.map(({ handle, ...route }) => ({
    ...route,
    handle(request, response) {
      requireServing(daemon);
      return handle(request, response);
    },
  }));
}
