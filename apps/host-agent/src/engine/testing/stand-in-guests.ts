import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
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
  /** Bodies of `/init`, in order. */
  readonly inits: unknown[] = [];
  /** Paths that are answered otherwise than with 204. */
  readonly refusals = new Map<string, number>();
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
      void this.#answer(path, request, response);
    });
    this.#servers.push(server);
    await once(server.listen(envdPort, address), 'listening');
  }

  async #answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/init') {
      this.inits.push(await json(request));
      response.end(JSON.stringify({ version: 'stand-in' }));
    } else {
      request.resume().on('end', () => response.writeHead(this.refusals.get(path) ?? 204).end());
    }
  }
}
