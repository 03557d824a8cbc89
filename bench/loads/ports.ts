import { request } from 'node:http';
import { WebSocket } from 'ws';
import { z } from 'zod';

const { edgeUrl, id, port, downloads } = z
  .object({ edgeUrl: z.string(), id: z.string(), port: z.number(), downloads: z.number() })
  .parse(JSON.parse(process.argv[2] ?? ''));

/** Downloads without an end from a port of a capsule, and a WebSocket that talks without a pause, until the process is ended. */
const base = `${edgeUrl}/proxy/${id}/${port}`;
const begun = Array.from({ length: downloads }, () => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  request(`${base}/bulk`, { agent: false }, (answer) => {
    answer.resume();
    resolve();
  })
    .on('error', reject)
    .end();
  return promise;
});
const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/ws`);
socket.on('message', () => socket.send('another'));
socket.on('open', () => socket.send('first'));
await Promise.all(begun);
process.send?.('begun');
