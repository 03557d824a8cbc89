import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { attachTap } from '@wrenn/sys';
import type { MemoryOptions } from '../userfault-peer/guest-memory.ts';
import type { SavedState } from './bodies.ts';
import { FakeGuest } from './guest.ts';
import type { BootOptions, LoadOptions, World } from './world.ts';

/** The host that the fake runs on: files are opened for real, as the user and in the mounts that it was started with. */
export class HostWorld implements World {
  readonly #threads: MemoryOptions;
  readonly #opened = new Map<string, number>();
  readonly #taps = new Map<string, number>();
  #log: number | undefined;
  #serial: number | undefined;
  #guest: FakeGuest | undefined;
  /** What the next snapshot fails with, when half of its memory is written. */
  nextSaveFault: string | undefined;

  constructor(threads: MemoryOptions) {
    this.#threads = threads;
  }

  get guest(): FakeGuest {
    if (this.#guest === undefined) throw new Error('there is no guest yet');
    return this.#guest;
  }

  openFile(path: string, access: 'read' | 'write'): void {
    const fd = openSync(path, access === 'read' ? 'r' : 'r+');
    const before = this.#opened.get(path);
    if (before !== undefined) closeSync(before);
    this.#opened.set(path, fd);
  }

  /** As the guest would, on a drive that was given by this path. */
  writeDrive(path: string, offset: number, bytes: Uint8Array): void {
    const fd = this.#drive(path);
    writeSync(fd, bytes, 0, bytes.length, offset);
    fsyncSync(fd);
  }

  readDrive(path: string, offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(this.#drive(path), bytes, 0, length, offset));
  }

  openLog(path: string): void {
    this.#log = openSink(path);
  }

  openSerial(path: string): void {
    this.#serial = openSink(path);
  }

  /** One line; where nobody reads a full pipe it is lost, as Firecracker loses it. */
  log(line: string): void {
    drop(this.#log, `${new Date().toISOString()} [fake_firecracker] ${line}\n`);
  }

  openInterface(name: string): void {
    const devices = readFileSync('/proc/net/dev', 'utf8');
    const isThere = devices.split('\n').some((line) => line.trimStart().startsWith(`${name}:`));
    // Attaching would make one for root; that is a mistake of a test, and no guest could use it.
    if (!isThere) throw new Error(`no network device ${name}`);
    const before = this.#taps.get(name);
    if (before !== undefined) closeSync(before);
    this.#taps.set(name, attachTap(name));
  }

  async boot(options: BootOptions): Promise<void> {
    this.#guest = await FakeGuest.boot(options, this.#threads);
    drop(this.#serial, 'fake guest: booting\nfake guest: ready\n');
  }

  async load(options: LoadOptions): Promise<void> {
    this.#guest = await FakeGuest.load(options, this.#threads);
  }

  async saveMemory(path: string, type: 'Full' | 'Diff'): Promise<void> {
    const fault = this.nextSaveFault;
    this.nextSaveFault = undefined;
    await this.guest.save(path, type, fault);
  }

  writeState(path: string, state: SavedState): void {
    writeFileSync(path, JSON.stringify(state), { flush: true });
  }

  readState(path: string): SavedState {
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof state === 'object' && state !== null && 'fakeFirecracker' in state) return state as SavedState;
    throw new Error('the snapshot is not one of the fake Firecracker');
  }

  #drive(path: string): number {
    const fd = this.#opened.get(path);
    if (fd === undefined) throw new Error(`${path} is not a drive`);
    return fd;
  }
}

function openSink(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK, 0o644);
}

function drop(fd: number | undefined, text: string): void {
  if (fd === undefined) return;
  try {
    writeSync(fd, text);
  } catch {
    // The sink is full, or its reader is gone: neither may stop a machine.
  }
}
