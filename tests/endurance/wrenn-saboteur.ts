import { readFile } from 'node:fs/promises';
import { deadline, until } from '@wrenn/core';
import { z } from 'zod';
import type { WrennInstallation } from '../support/wrenn-installation.ts';
import { differencesOnDisk } from './offline-disk.ts';
import type { StoreFileSystem } from './store-file-system.ts';
import type { Saboteur, Strike } from './subject.ts';

const recoveryDeadlineMs = 120_000;
const lookIntervalMs = 100;

const record = z.object({ machine: z.object({ pid: z.number().int().positive() }).optional() });
type Service = 'host-agent' | 'control-plane';

/** Breaks parts of a real installation. */
export class WrennSaboteur implements Saboteur {
  readonly #wrenn: WrennInstallation;
  readonly #store: StoreFileSystem;
  /** Processes that were killed, and are not recovered before another is there. */
  readonly #killed = new Map<Service, number>();

  constructor(wrenn: WrennInstallation, store: StoreFileSystem) {
    this.#wrenn = wrenn;
    this.#store = store;
  }

  async strike(fault: Strike): Promise<'hit' | 'missed'> {
    if (fault.kind === 'kill machine') return await this.#killMachine(fault.id);
    const service = fault.kind === 'kill agent' ? 'host-agent' : 'control-plane';
    const pid = await this.#wrenn.childPid(service);
    this.#killed.set(service, pid);
    process.kill(pid, 'SIGKILL');
    return 'hit';
  }

  async recovered(): Promise<void> {
    using limit = deadline(recoveryDeadlineMs, 'waiting until Wrenn serves again');
    for (const [service, pid] of this.#killed) {
      await until(() => this.#isAnother(service, pid), lookIntervalMs, limit);
    }
    this.#killed.clear();
    await until(() => this.#isReady(), lookIntervalMs, limit);
  }

  async fillDisk(): Promise<void> {
    await this.#store.fill();
  }

  async freeDisk(): Promise<void> {
    await this.#store.free();
  }

  async inspectDisk(id: string, expected: ReadonlyMap<string, string | undefined>): Promise<string[]> {
    return await differencesOnDisk(this.#wrenn.directory, id, expected);
  }

  async #killMachine(id: string): Promise<'hit' | 'missed'> {
    const path = `${this.#wrenn.directory}/capsules/${id}/record.json`;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    const pid = text === undefined ? undefined : record.parse(JSON.parse(text)).machine?.pid;
    if (pid === undefined) return 'missed';
    // The record may be older than the end of the machine, and its number another's by now.
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes(id)) return 'missed';
    process.kill(pid, 'SIGKILL');
    return 'hit';
  }

  async #isAnother(service: Service, pid: number): Promise<true | undefined> {
    const now = await this.#wrenn.childPid(service).catch(() => pid);
    return now === pid ? undefined : true;
  }

  async #isReady(): Promise<true | undefined> {
    const answer = await fetch(`${this.#wrenn.baseUrl}/readyz`).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.status === 200 ? true : undefined;
  }
}
