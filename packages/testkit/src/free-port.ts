import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { systemCode } from '@wrenn/core';

/** Below the ports that the kernel gives to whoever asks for any, and above those that programs have by custom. */
const first = 12_000;
const count = 20_000;
/** An address of this machine at which nothing listens but what keeps a port for a process of tests. */
const keepersAddress = '127.94.0.1';

/**
 * A port of 127.0.0.1 for a program that has to be told one before it starts. It is this process's until that ends:
 * neither another test nor the kernel gives it to anybody, also while the program is not running.
 */
export async function freePort(): Promise<number> {
  for (let port = first + Math.floor(Math.random() * count); ; port = first + ((port - first + 1) % count)) {
    const keeper = await listenAt(keepersAddress, port);
    if (keeper === undefined) continue;
    const taken = await listenAt('127.0.0.1', port);
    if (taken === undefined) {
      keeper.close();
      continue;
    }
    taken.close();
    await once(taken, 'close');
    return port;
  }
}

/** Undefined where somebody listens there already. What it gives keeps no process running. */
async function listenAt(host: string, port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    await once(server.listen(port, host), 'listening');
    return server;
  } catch (thrown) {
    if (systemCode(thrown) === 'EADDRINUSE') return undefined;
    throw thrown;
  }
}
