import { closeSync, mkdirSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { systemCode } from '@wrenn/core';
import { ControlFile } from './control-file.ts';
import type { Limits } from './limits.ts';

/** What a kernel says that has no such controller, or no longer such a group. */
const unknownToKernel: readonly (string | undefined)[] = ['ENOENT', 'ENODEV', 'EINVAL', 'EOPNOTSUPP'];

/** One control group (cgroup v2): a folder whose files the kernel answers. */
export class ControlGroup {
  readonly path: string;
  readonly #members: ControlFile;
  readonly #events: ControlFile;
  readonly #memory: ControlFile;

  constructor(path: string) {
    this.path = path;
    this.#members = new ControlFile(`${path}/cgroup.procs`, 'r+');
    this.#events = new ControlFile(`${path}/cgroup.events`, 'r');
    this.#memory = new ControlFile(`${path}/memory.current`, 'r');
  }

  /** Makes it when it is not there. Throws the system's error. */
  static make(path: string): ControlGroup {
    mkdirSync(path, { recursive: true });
    return new ControlGroup(path);
  }

  /** Writes what the kernel has files for; returns the names of those that it has not. */
  limit(limits: Limits): string[] {
    return Object.entries(limits).flatMap(([file, value]) => (this.#write(file, value) ? [] : [file]));
  }

  /** Lets groups below it have limits; returns the controllers that this kernel lacks. */
  delegate(controllers: readonly string[]): string[] {
    // One by one: one that is missing must not cost the others.
    return controllers.filter((controller) => !this.#write('cgroup.subtree_control', `+${controller}`));
  }

  /** Moves a process into it, with all of its threads. One that has ended is nowhere, and that is no fault. */
  add(pid: number): void {
    try {
      this.#members.write(String(pid));
    } catch (thrown) {
      if (systemCode(thrown) !== 'ESRCH') throw thrown;
    }
  }

  /** The processes in it, without those of groups below it and without ended ones. None when it was removed. */
  members(): number[] {
    try {
      const lines = this.#members.read().split('\n');
      return lines.flatMap((line) => (line === '' ? [] : [Number(line)]));
    } catch (thrown) {
      if (systemCode(thrown) === 'ENODEV') return [];
      throw thrown;
    }
  }

  /** What is so of it and all groups below it. */
  get state(): { readonly isPopulated: boolean; readonly isFrozen: boolean } {
    const events = this.#events.read();
    return { isPopulated: events.includes('populated 1'), isFrozen: events.includes('frozen 1') };
  }

  /** What is charged to it, files in memory and the cache of others included. Undefined where nothing counts it. */
  get memoryBytes(): number | undefined {
    try {
      return Number(this.#memory.read());
    } catch (thrown) {
      if (unknownToKernel.includes(systemCode(thrown))) return undefined;
      throw thrown;
    }
  }

  /** Kills every process in it and below it, also those that are forked meanwhile. False when the kernel cannot. */
  kill(): boolean {
    return this.#write('cgroup.kill', '1');
  }

  /** Stops or continues every process in it and below it; stopping takes a while. False when the kernel cannot. */
  freeze(wanted: 'frozen' | 'running'): boolean {
    return this.#write('cgroup.freeze', wanted === 'frozen' ? '1' : '0');
  }

  /** Gives its descriptors back; the group stays. */
  close(): void {
    for (const file of [this.#members, this.#events, this.#memory]) file.close();
  }

  /** False, with the group as it was, when something lives in it. True also when it is gone already. */
  remove(): boolean {
    this.close();
    try {
      rmdirSync(this.path);
      return true;
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return true;
      if (systemCode(thrown) === 'EBUSY') return false;
      throw thrown;
    }
  }

  /** False when the kernel does not know this file, or this value in it. */
  #write(file: string, value: string): boolean {
    let fd: number | undefined;
    try {
      fd = openSync(`${this.path}/${file}`, 'r+');
      writeSync(fd, value);
      return true;
    } catch (thrown) {
      if (unknownToKernel.includes(systemCode(thrown))) return false;
      throw thrown;
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}
