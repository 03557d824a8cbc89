import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { abortable, describeError, WrennError } from '@wrenn/core';
import { z } from 'zod';
import { killProcess } from '../../process/process-identity.ts';
import { consoleTail } from '../console.ts';
import type { Machine, WrittenPages } from '../engine.ts';
import type { QemuRecord } from '../machine-record.ts';
import { FullDiskWatch } from './full-disk.ts';
import { GuestMemory } from './guest-memory.ts';
import type { Qmp } from './qmp.ts';
import { logTail } from './vmm-process.ts';

const runState = z.object({ running: z.boolean() });
const memoryObject = z.object({ file: z.string(), bytes: z.number() });

export class QemuMachine implements Machine {
  readonly record: QemuRecord;
  readonly build: string;
  readonly exited: Promise<void>;
  readonly unwritten = 'base';
  /** Its memory is mapped, so the kernel fetches it. */
  readonly workingSet = undefined;
  readonly #qmp: Qmp;
  readonly #fullDisk: FullDiskWatch;
  /** It was told to stop, and not yet to go on. */
  #isHeld = false;

  /** `exited` is that of the process if we are its parent, else that of its control socket. */
  constructor(record: QemuRecord & { readonly build: string }, qmp: Qmp, exited: Promise<void>) {
    this.record = record;
    this.build = record.build;
    this.#qmp = qmp;
    this.exited = exited;
    this.#fullDisk = new FullDiskWatch(qmp, () => this.#isHeld);
  }

  /** For one that may have been without an agent for a while. */
  catchUp(): void {
    this.#fullDisk.look();
  }

  async stop(signal: AbortSignal): Promise<void> {
    this.#isHeld = true;
    await this.#qmp.run('stop', {}, signal);
    await this.#flushDisk(signal);
  }

  async go(signal: AbortSignal): Promise<void> {
    this.#isHeld = false;
    await this.#qmp.run('cont', {}, signal);
  }

  async isRunning(signal: AbortSignal): Promise<boolean> {
    const { running } = runState.parse(await this.#qmp.run('query-status', {}, signal));
    return running;
  }

  async saveState(path: string, signal: AbortSignal): Promise<void> {
    // Devices without memory; despite its name it needs no Xen.
    await this.#qmp.run('xen-save-devices-state', { filename: path, live: false }, signal);
  }

  async switchDisk(disk: string, signal: AbortSignal): Promise<void> {
    const change = { device: 'root', 'snapshot-file': disk, format: 'qcow2', mode: 'existing' };
    await this.#qmp.run('blockdev-snapshot-sync', change, signal);
  }

  async *writtenPages(signal: AbortSignal): AsyncGenerator<WrittenPages> {
    using memory = await this.openMemory(signal);
    yield* memory.written(signal);
  }

  /** Its guest's memory, as the process has it mapped. */
  async openMemory(signal: AbortSignal): Promise<GuestMemory> {
    const property = (name: string) =>
      this.#qmp.run('qom-get', { path: '/objects/mem', property: name }, signal);
    const [path, size] = await Promise.all([property('mem-path'), property('size')]);
    const { file, bytes } = memoryObject.parse({ file: path, bytes: size });
    const memory = await GuestMemory.open(this.record, { file, bytes });
    if (memory === undefined) throw new WrennError('agent_error', `QEMU has no mapping of ${file}`);
    return memory;
  }

  /**
   * `stop` writes back what QEMU keeps of the disk's own tables, but does not say when it could not. A switch to another
   * disk says it, before it looks for that disk: here for one that is not there.
   */
  async #flushDisk(signal: AbortSignal): Promise<void> {
    const nowhere = `${this.record.controlSocket}.none`;
    const change = { device: 'root', 'snapshot-file': nowhere, format: 'qcow2', mode: 'existing' };
    try {
      await this.#qmp.run('blockdev-snapshot-sync', change, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      if (describeError(thrown).includes(nowhere)) return;
      throw new WrennError('no_space', `writing back the guest's disk: ${describeError(thrown)}`, {
        remedy: 'free space on the host; the capsule goes on, and nothing of it is lost',
        cause: thrown,
      });
    }
    throw new WrennError('agent_error', 'QEMU switched to a disk that is not there');
  }

  /** Feeds saved device state to a machine that waits for it, and lets the guest run. */
  async resumeFrom(deviceState: string, incomingSocket: string, signal: AbortSignal): Promise<void> {
    const state = await readFile(deviceState);
    await this.#qmp.run(
      'migrate-set-capabilities',
      { capabilities: [{ capability: 'events', state: true }] },
      signal,
    );
    const loaded = this.#qmp.event(
      ({ event, data }) =>
        event === 'MIGRATION' && (data?.['status'] === 'completed' || data?.['status'] === 'failed'),
      signal,
    );
    await Promise.all([
      loaded.then(({ data }) => {
        if (data?.['status'] !== 'completed')
          throw new WrennError('agent_error', 'QEMU refused the device state');
      }),
      this.#qmp
        .run('migrate-incoming', { uri: `unix:${incomingSocket}` }, signal)
        .then(() => sendTo(incomingSocket, state, signal)),
    ]);
    await this.#qmp.run('cont', {}, signal);
  }

  lastWords(): Promise<string> {
    return logTail(dirname(this.record.controlSocket));
  }

  async consoleTail(): Promise<string> {
    return await consoleTail(dirname(this.record.controlSocket));
  }

  async kill(): Promise<void> {
    await killProcess(this.record);
    this.#qmp[Symbol.dispose]();
    await this.exited;
  }
}

async function sendTo(socketPath: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const sent = Promise.withResolvers<void>();
  const socket = createConnection(socketPath);
  socket.once('error', sent.reject);
  socket.end(bytes, () => sent.resolve());
  try {
    await abortable(sent.promise, signal);
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
}
