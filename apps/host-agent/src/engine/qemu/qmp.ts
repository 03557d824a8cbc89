import { createConnection, type Socket } from 'node:net';
import { abortable, WrennError } from '@wrenn/core';
import { z } from 'zod';

const event = z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).optional() });
const reply = z.union([
  z.object({ return: z.unknown(), id: z.number() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number() }),
]);

export type QmpEvent = z.infer<typeof event>;

/** The longest message that is read. QMP's own are a few KiB; the VMM is not trusted to keep to that. */
const messageLimitBytes = 1 << 20;

/**
 * QEMU's control socket. One connection at a time is served, so whoever connects owns the machine.
 * Every command fails when the socket closes; `closed` settles then.
 */
export class Qmp implements Disposable {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #nextId = 1;
  #buffered = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    // The reason comes with 'close', which always follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      const gone = new WrennError('agent_error', 'the virtual machine monitor closed its control socket');
      for (const { reject } of this.#waiting.values()) reject(gone);
      this.#waiting.clear();
      closed.resolve();
    });
  }

  /** Connects and negotiates. Rejects with the system's error when nobody listens at `path`. */
  static async connect(path: string, signal: AbortSignal): Promise<Qmp> {
    const connected = Promise.withResolvers<void>();
    const socket = createConnection(path);
    socket.once('connect', connected.resolve);
    socket.once('error', connected.reject);
    try {
      await abortable(connected.promise, signal);
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    }
    const qmp = new Qmp(socket);
    await qmp.run('qmp_capabilities', {}, signal);
    return qmp;
  }

  /** Runs one command; the answer is unchecked, since the caller knows what it asked for. */
  async run(command: string, args: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
    const id = this.#nextId++;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    if (this.#socket.destroyed) {
      answer.reject(new WrennError('agent_error', `${command}: the control socket is closed`));
    }
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    try {
      return await abortable(answer.promise, signal);
    } catch (thrown) {
      // An answer that comes after the caller gave up has nobody to reject to.
      answer.promise.catch(() => undefined);
      throw thrown;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** The first event from now on that `wanted` accepts. Subscribe before running the command that causes it. */
  async event(wanted: (event: QmpEvent) => boolean, signal: AbortSignal): Promise<QmpEvent> {
    const found = Promise.withResolvers<QmpEvent>();
    const listener = (event: QmpEvent) => {
      if (wanted(event)) found.resolve(event);
    };
    this.#listeners.add(listener);
    const gone = this.closed.then(() => {
      throw new WrennError('agent_error', 'the virtual machine monitor went away');
    });
    try {
      return await abortable(Promise.race([found.promise, gone]), signal);
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** Hears every event from now on, until the socket closes. */
  listen(listener: (event: QmpEvent) => void): void {
    this.#listeners.add(listener);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#buffered += text;
    const lines = this.#buffered.split('\n');
    this.#buffered = lines.pop() ?? '';
    if (this.#buffered.length > messageLimitBytes) this.#socket.destroy();
    for (const line of lines) this.#receive(line);
  }

  #receive(line: string): void {
    const message: unknown = parse(line);
    const answered = reply.safeParse(message);
    if (answered.success) {
      const waiting = this.#waiting.get(answered.data.id);
      if ('error' in answered.data)
        waiting?.reject(new WrennError('agent_error', `QEMU: ${answered.data.error.desc}`));
      else waiting?.resolve(answered.data.return);
      return;
    }
    const happened = event.safeParse(message);
    if (happened.success) for (const listener of this.#listeners) listener(happened.data);
  }
}

/** A line that is not JSON is treated as an unknown message, which is ignored like the greeting. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
