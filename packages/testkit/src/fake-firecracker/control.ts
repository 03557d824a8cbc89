import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TouchAll } from '../userfault-peer/guest-memory.ts';
import type { JournalEntry } from './api-server.ts';
import { type ControlAnswer, type ControlCommand, controlSocketName } from './control-protocol.ts';

/** A test's hold on a fake Firecracker that runs. Whatever waits for it rejects when that ends. */
export class FakeFirecrackerControl implements Disposable {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // The socket's errors are the reader's too. `close` follows, and says it to those who wait.
    socket.on('error', () => undefined);
    createInterface({ input: socket })
      .on('line', (line) => this.#answered(JSON.parse(line) as ControlAnswer))
      .on('error', () => undefined);
    socket.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the fake Firecracker ended'));
      this.#waiting.clear();
    });
  }

  /** `directory` is the one that has the socket of the API. */
  static async connect(directory: string): Promise<FakeFirecrackerControl> {
    const socket = createConnection(join(directory, controlSocketName));
    await once(socket, 'connect');
    return new FakeFirecrackerControl(socket);
  }

  /** Reads the guest's memory. Like all that touch it, it waits where a page server has to give the page. */
  async read(offset: number, length: number): Promise<Buffer> {
    return Buffer.from(String(await this.#ask({ do: 'read', offset, length })), 'base64');
  }

  async write(offset: number, bytes: Buffer): Promise<void> {
    await this.#ask({ do: 'write', offset, base64: bytes.toString('base64') });
  }

  /** Gives whole pages back to the host, as a balloon does. */
  async remove(offset: number, length: number): Promise<void> {
    await this.#ask({ do: 'remove', offset, length });
  }

  /** SHA-256 of all of the memory, in hexadecimal. */
  async sum(): Promise<string> {
    return String(await this.#ask({ do: 'sum' }));
  }

  /** Touches every page from several threads; how long it took, in ms. */
  async touchAll(touching: TouchAll): Promise<number> {
    return Number(await this.#ask({ do: 'touch', ...touching }));
  }

  /** `path` names the drive as its configuration does. */
  async readDrive(path: string, offset: number, length: number): Promise<Buffer> {
    return Buffer.from(String(await this.#ask({ do: 'readDrive', path, offset, length })), 'base64');
  }

  async writeDrive(path: string, offset: number, bytes: Buffer): Promise<void> {
    await this.#ask({ do: 'writeDrive', path, offset, base64: bytes.toString('base64') });
  }

  /** Writes to the log that the API or the arguments named. */
  async log(line: string, times: number): Promise<void> {
    await this.#ask({ do: 'log', line, times });
  }

  /** All requests since it started, in order. */
  async journal(): Promise<readonly JournalEntry[]> {
    return (await this.#ask({ do: 'journal' })) as JournalEntry[];
  }

  /** Lets the next snapshot fail when half of the memory is written. */
  async failNextCreate(why: string): Promise<void> {
    await this.#ask({ do: 'failNextCreate', why });
  }

  /** From now on no request of the API is answered. */
  async hang(): Promise<void> {
    await this.#ask({ do: 'hang' });
  }

  /** Returns when it is gone. */
  async crash(how: 'abort' | 'exit'): Promise<void> {
    await this.#ask({ do: 'crash', how }).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #ask(command: ControlCommand): Promise<unknown> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<unknown>();
    if (this.#socket.destroyed) waiting.reject(new Error('the fake Firecracker ended'));
    else this.#waiting.set(id, waiting);
    this.#socket.write(`${JSON.stringify({ id, ...command })}\n`);
    return waiting.promise;
  }

  #answered(answer: ControlAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.ok);
  }
}
