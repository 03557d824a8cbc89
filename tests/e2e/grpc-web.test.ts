import { join } from 'node:path';
import { Code, createClient, type Interceptor } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-node';
import { Process } from '@wrenn/protocol/process';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { client } from '../support/client.ts';
import { DistantEdge } from '../support/distant-edge.ts';
import { guestNode } from '../support/guest-node.ts';
import { waitForPort } from '../support/wait-for-port.ts';

const port = 7000;
/** Node takes its time to come up under emulation. */
const startMs = 120_000;
let id: string;
let token: string;
let distant: DistantEdge;

beforeAll(async () => {
  const { baseUrl, directory, edgeUrl } = inject('wrenn');
  distant = await DistantEdge.start(directory, baseUrl);
  ({ id } = await client().capsules.create());
  ({ trafficAccessToken: token } = await client().ports.access(id));
  await client().files.write(id, '/tmp/service.cjs', await bundledService());
  const start = `exec ${guestNode} /tmp/service.cjs ${port}`;
  await client().processes.start(id, { cmd: 'sh', args: ['-c', start] });
  await waitForPort(client(), edgeUrl, { id, port, ms: startMs });
}, 240_000);
afterAll(async () => {
  await distant?.[Symbol.asyncDispose]();
  await client().capsules.destroy(id);
});

async function bundledService(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../support/guest-grpc-service.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
  });
  return outputFiles[0]?.text ?? '';
}

/** A client of gRPC-web before a private port. */
function serviceBy(edge: string) {
  const admitted: Interceptor = (next) => (request) => {
    request.header.set('x-wrenn-access', token);
    return next(request);
  };
  const baseUrl = new URL(`/proxy/${id}/${port}`, edge).href;
  return createClient(
    Process,
    createGrpcWebTransport({ baseUrl, httpVersion: '1.1', interceptors: [admitted] }),
  );
}

it.each([
  ['on the same machine', () => inject('wrenn').edgeUrl],
  ['on another machine, and the relay', () => distant.url.href],
])('gRPC-web passes an edge %s: calls, streams as they come, and trailers', async (_where, edge) => {
  const service = serviceBy(edge());
  let trailer = new Headers();
  const onTrailer = (got: Headers) => {
    trailer = got;
  };

  const { processes } = await service.list({}, { onTrailer });
  expect(processes).toMatchObject([{ pid: 42, tag: 'from a capsule' }]);
  expect(trailer.get('x-trailer')).toBe('of the unary call');

  const words = ['one', 'two', 'three'];
  const read: string[] = [];
  for await (const { event } of service.start({ process: { args: words } }, { onTrailer })) {
    if (event?.event.case === 'data') read.push(Buffer.from(event.event.value.output.value ?? []).toString());
    // Each is here before the guest has said the last, which ends the stream.
    if (read.length < words.length) expect(trailer.get('x-trailer')).toBe('of the unary call');
  }
  expect(read).toEqual(words);
  expect(trailer.get('x-trailer')).toBe('of the stream');

  await expect(service.update({})).rejects.toMatchObject({
    code: Code.NotFound,
    rawMessage: 'there is no such thing',
  });
});
