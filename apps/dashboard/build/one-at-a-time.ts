import { once } from 'node:events';
import { createServer } from 'node:net';
import { deadline, systemCode, until } from '@wrenn/core';

/** Longer than a build takes on a busy machine. */
const waitMs = 10 * 60_000;

/**
 * Does `work` while nobody else on this machine works under the same name. The lock is a name among the kernel's abstract
 * sockets: it is gone with its process, however that ends.
 */
export async function oneAtATime<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  using limit = deadline(waitMs, `waiting for another to end ${name}`);
  const lock = createServer();
  await until(() => takes(lock, `\0wrenn ${name}`), 100, limit);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function takes(lock: ReturnType<typeof createServer>, path: string): Promise<true | undefined> {
  try {
    lock.listen(path);
    await once(lock, 'listening');
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'EADDRINUSE') return undefined;
    throw thrown;
  }
}
