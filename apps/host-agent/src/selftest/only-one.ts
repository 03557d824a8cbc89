import { createServer } from 'node:net';
import { systemCode, WrennError } from '@wrenn/core';

/** In the abstract namespace: known in this network namespace, as the slots are, and gone with the process. */
const name = '\0wrenn-selftest';

/** Keeps a second self-test of this machine from the same slots; `conflict` while there is one. */
export async function onlyOne(): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(name, resolve);
  try {
    await promise;
  } catch (cause) {
    if (systemCode(cause) !== 'EADDRINUSE') throw cause;
    throw new WrennError('conflict', 'another self-test runs on this machine', {
      cause,
      remedy: 'wait until it has ended',
    });
  }
  return {
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
