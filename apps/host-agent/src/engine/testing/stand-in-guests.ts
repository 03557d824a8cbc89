import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { slotAt } from '../../network/slot.ts';
import type { SlotRange } from '../../network/slot-range.ts';

const envdPort = 49_983;

/**
 * Answers in the place of the guests' daemons, since a fake VMM runs none: at the slots' own addresses, which are made this
 * machine's. It says that it did what the host asks for, and shows nothing about guests.
 */
export class StandInGuests implements AsyncDisposable {
  /** Paths that were called, in order. */
  readonly calls: string[] = [];
  readonly #addresses: string[] = [];
  readonly #servers: Server[] = [];

  static async open(range: SlotRange): Promise<StandInGuests> {
    const guests = new StandInGuests();
    try {
      for (let index = range.first + 1; index < range.first + range.count; index++)
        await guests.#answerAt(slotAt(index).hostAddress);
      return guests;
    } catch (thrown) {
      await guests[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    for (const address of this.#addresses)
      execFileSync('ip', ['address', 'delete', `${address}/32`, 'dev', 'lo']);
  }

  async #answerAt(address: string): Promise<void> {
    // What a run that was broken off left is taken over.
    execFileSync('ip', ['address', 'replace', `${address}/32`, 'dev', 'lo']);
    this.#addresses.push(address);
    const server = createServer((request, response) => {
      const path = request.url ?? '';
      this.calls.push(path);
      request.resume().on('end', () => {
        if (path === '/init') response.end(JSON.stringify({ version: 'stand-in' }));
        else response.writeHead(204).end();
      });
    });
    this.#servers.push(server);
    await once(server.listen(envdPort, address), 'listening');
  }
}
