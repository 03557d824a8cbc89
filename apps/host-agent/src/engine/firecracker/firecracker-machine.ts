import { basename } from 'node:path';
import { allEnded, Cleanup, WrennError } from '@wrenn/core';
import { killProcess } from '../../process/process-identity.ts';
import type { Machine, WrittenPages } from '../engine.ts';
import type { FirecrackerRecord } from '../machine-record.ts';
import type { FirecrackerApi } from './api/client.ts';
import { directoryView } from './place.ts';
import type { WrittenMemory } from './written-memory.ts';

/** What a machine is made of; it releases the rest of it when it is killed. */
export interface FirecrackerParts {
  readonly record: FirecrackerRecord;
  readonly api: FirecrackerApi;
  readonly exited: Promise<void>;
  readonly written: WrittenMemory;
  /** Of one that boots: the name, in its directory, of the file that its memory is to be written to. */
  readonly bootMemory: string | undefined;
  readonly workingSet: string | undefined;
  /** Where its disk is a device of the host's, that is not in the disk's file before. */
  readonly flushDisk: (signal: AbortSignal) => Promise<void>;
  readonly consoleTail: () => Promise<string>;
  readonly lastWords: () => Promise<string>;
  /** What it has of the host besides the VMM, which has ended. */
  readonly release: () => Promise<void>;
}

export class FirecrackerMachine implements Machine {
  readonly record: FirecrackerRecord;
  readonly build: string;
  readonly exited: Promise<void>;
  readonly unwritten = 'start';
  readonly workingSet: string | undefined;
  readonly #parts: FirecrackerParts;

  constructor(parts: FirecrackerParts) {
    this.record = parts.record;
    this.build = parts.record.build;
    this.exited = parts.exited;
    this.workingSet = parts.workingSet;
    this.#parts = parts;
  }

  async stop(signal: AbortSignal): Promise<void> {
    if (await this.isRunning(signal)) await this.#parts.api.setVm('Paused', signal);
    await this.#parts.flushDisk(signal);
  }

  async go(signal: AbortSignal): Promise<void> {
    if (!(await this.isRunning(signal))) await this.#parts.api.setVm('Resumed', signal);
  }

  async isRunning(signal: AbortSignal): Promise<boolean> {
    const { state } = await this.#parts.api.describe(signal);
    return state === 'Running';
  }

  async saveState(path: string, signal: AbortSignal): Promise<void> {
    const { api, written, bootMemory } = this.#parts;
    const snapshot_path = `${directoryView}/${basename(path)}`;
    if (bootMemory !== undefined) {
      const mem_file_path = `${directoryView}/${bootMemory}`;
      await api.createSnapshot({ snapshot_path, mem_file_path, snapshot_type: 'Full' }, signal);
      return;
    }
    const mem_file_path = `${directoryView}/${await written.nextDiff()}`;
    await api.createSnapshot({ snapshot_path, mem_file_path, snapshot_type: 'Diff' }, signal);
    await written.absorb(signal);
  }

  /** Its disks are sealed by a copy. */
  async switchDisk(): Promise<void> {
    throw new WrennError('internal_error', "Firecracker's disks are not switched");
  }

  writtenPages(signal: AbortSignal): AsyncIterable<WrittenPages> {
    return this.#parts.written.pages(signal);
  }

  lastWords(): Promise<string> {
    return this.#parts.lastWords();
  }

  consoleTail(): Promise<string> {
    return this.#parts.consoleTail();
  }

  async kill(): Promise<void> {
    await using cleanup = new Cleanup();
    await cleanup.add('what the machine had', () => this.#parts.release());
    await allEnded([killProcess(this.record), this.exited]);
  }
}
