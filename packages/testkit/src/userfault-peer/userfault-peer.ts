import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TouchAll } from './guest-memory.ts';
import { guestPageBytes } from './memory-task.ts';
import type { PeerAnswer, PeerCommand, PeerOpening, PeerRegion } from './peer-protocol.ts';

const program = fileURLToPath(new URL('./peer.ts', import.meta.url));
/** In an entry of /proc/PID/pagemap: the page is in memory. */
const presentBit = 63n;
const entryBytes = 8;

/** A process that stands where a VMM would; see peer.ts. Whatever waits for it rejects when it ends. */
export class UserfaultPeer implements AsyncDisposable {
  readonly pid: number;
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #regions: readonly PeerRegion[] = [];
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    const exited = Promise.withResolvers<number | NodeJS.Signals>();
    this.exited = exited.promise;
    child.once('error', exited.reject);
    child.once('close', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the peer ended: ${code ?? signal}`));
      this.#waiting.clear();
      exited.resolve(code ?? signal ?? 0);
    });
    // A command to a peer that has just ended: its promise says so.
    child.stdin?.on('error', () => undefined);
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => this.#answered(JSON.parse(line)));
  }

  /** Returns when its memory is there, handed over where it is to be, though nobody may have taken it yet. */
  static async start(opening: PeerOpening): Promise<UserfaultPeer> {
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const peer = new UserfaultPeer(child);
    try {
      peer.#regions = (await peer.#ask({ do: 'open', ...opening })) as PeerRegion[];
      return peer;
    } catch (thrown) {
      await peer[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return Buffer.from(String(await this.#ask({ do: 'read', offset, length })), 'base64');
  }

  async write(offset: number, bytes: Buffer): Promise<void> {
    await this.#ask({ do: 'write', offset, base64: bytes.toString('base64') });
  }

  /** Gives whole pages back, as a balloon does. */
  async remove(offset: number, length: number): Promise<void> {
    await this.#ask({ do: 'remove', offset, length });
  }

  /** SHA-256 of all of its memory. */
  async sum(): Promise<string> {
    return String(await this.#ask({ do: 'sum' }));
  }

  /** Writes all of its memory to a file. */
  async save(path: string): Promise<void> {
    await this.#ask({ do: 'save', path });
  }

  /** Returns how long it took, in ms. */
  async touchAll(touching: TouchAll): Promise<number> {
    return Number(await this.#ask({ do: 'touch', ...touching }));
  }

  /** The numbers of the pages that it has, touched or not; it is not asked, so it may wait for pages meanwhile. */
  residentPages(): Set<number> {
    const resident = new Set<number>();
    const pagemap = openSync(`/proc/${this.pid}/pagemap`, 'r');
    try {
      for (const { address, offset, length } of this.#regions) {
        const first = Number(BigInt(address) / BigInt(guestPageBytes));
        const entries = Buffer.alloc((length / guestPageBytes) * entryBytes);
        for (let at = 0; at < entries.length; )
          at += readSync(pagemap, entries, at, entries.length - at, first * entryBytes + at);
        for (let index = 0; index < length / guestPageBytes; index++)
          if (entries.readBigUInt64LE(index * entryBytes) >> presentBit === 1n)
            resident.add(offset / guestPageBytes + index);
      }
      return resident;
    } finally {
      closeSync(pagemap);
    }
  }

  /** Returns when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #ask(command: PeerCommand): Promise<unknown> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<unknown>();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null)
      waiting.reject(new Error('the peer has ended'));
    this.#waiting.set(id, waiting);
    this.#child.stdin?.write(`${JSON.stringify({ id, ...command })}\n`);
    return waiting.promise;
  }

  #answered(answer: PeerAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.ok);
  }
}
