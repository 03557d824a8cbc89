import type { RequestListener } from 'node:http';
import { createContextValues } from '@connectrpc/connect';
import { compressionGzip, connectNodeAdapter } from '@connectrpc/connect-node';
import { Filesystem } from '@wrenn/protocol/filesystem';
import { Process } from '@wrenn/protocol/process';
import { tokenHeader } from '../access/access-control.ts';
import { filesystemService } from '../filesystem/service.ts';
import type { Daemon } from '../guest/daemon.ts';
import { dropRest } from '../http/drop-rest.ts';
import { processService } from '../process/service.ts';
import { watchService } from '../watch/service.ts';
import { clientGone } from './client-gone.ts';
import { toConnectError } from './rpc-error.ts';

/** The largest message that is taken; clients send longer input in pieces. */
const readMaxBytes = 4 * 1024 * 1024;
/** Never: compressing costs a guest more than its local link saves. Compressed requests are still understood. */
const compressMinBytes = 0xffffffff;

const timeoutHeader = 'connect-timeout-ms';
/** 24 days: Node takes a longer timer for one of 1 ms, and to a process it is the same as no limit. */
const longestTimerMs = 2 ** 31 - 1;

/** Serves the Connect services, with JSON and binary messages, to whoever has the access token. */
export function rpcListener(daemon: Daemon): RequestListener {
  const listener = connectNodeAdapter({
    routes: (router) => {
      router.service(Process, processService(daemon));
      router.service(Filesystem, { ...filesystemService(daemon), ...watchService(daemon) });
    },
    readMaxBytes,
    compressMinBytes,
    acceptCompression: [compressionGzip],
    grpc: false,
    grpcWeb: false,
    // Runs before the body is read, and its refusal has the shape that the call's client understands.
    requestGate: ({ requestHeader }) => {
      try {
        daemon.access.requireToken(requestHeader.get(tokenHeader) ?? undefined);
      } catch (thrown) {
        throw toConnectError(thrown);
      }
    },
    contextValues: (request) =>
      createContextValues().set(clientGone, daemon.connections.goneSignal(request.socket)),
  });
  return (request, response) => {
    // It builds a URL from it and would throw; the name means nothing here.
    request.headers.host = 'envd';
    if (Number(request.headers[timeoutHeader]) > longestTimerMs) delete request.headers[timeoutHeader];
    // A call that is refused early ends the reading of its body, which must not end the connection.
    request[Symbol.asyncIterator] = () => request.iterator({ destroyOnReturn: false });
    response.once('finish', () => dropRest(request));
    listener(request, response);
  };
}
