import { createServer } from 'node:http';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import {
  type ListResponse,
  ListResponseSchema,
  Process,
  type StartResponse,
  StartResponseSchema,
} from '@wrenn/protocol/process';

/**
 * A service of gRPC-web as an application in a capsule would have one, at its loopback address, with a method of each
 * kind; what it is about does not matter. Bundled to one file, and run by a guest.
 */
function routes(router: ConnectRouter): void {
  router.service(Process, {
    list(_request, { requestHeader, responseHeader, responseTrailer }): ListResponse {
      responseHeader.set('x-host', requestHeader.get('host') ?? '');
      responseTrailer.set('x-trailer', 'of the unary call');
      return create(ListResponseSchema, { processes: [{ pid: 42, tag: 'from a capsule' }] });
    },
    async *start({ process }, { responseTrailer }): AsyncGenerator<StartResponse> {
      for (const [at, word] of (process?.args ?? []).entries()) {
        const stdout = Buffer.from(word);
        const data = { output: { case: 'stdout' as const, value: stdout }, number: BigInt(at + 1) };
        yield create(StartResponseSchema, { event: { event: { case: 'data', value: data } } });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      responseTrailer.set('x-trailer', 'of the stream');
    },
    update() {
      throw new ConnectError('there is no such thing', Code.NotFound, { 'x-detail': 'in a trailer' });
    },
  });
}

const handler = connectNodeAdapter({ routes, grpc: false, connect: false, grpcWeb: true });
createServer((request, response) => {
  if (request.url === '/') response.end('it is up');
  else handler(request, response);
}).listen(Number(process.argv[2]), '127.0.0.1');
