import { closeSync, mkdirSync, openSync, readSync, rmdirSync, writeSync } from 'node:fs';
import { systemCode } from '@wrenn/core';
import type { Limits } from './limits.ts';

/**
 * One control group (cgroup v2): a folder whose files the kernel answers. Reading and writing them never waits for a
 * disk, so all of it is synchronous.
 */
export class ControlGroup {
  readonly path: string;
  /** Kept open: it is used at each start of a process. */
  #members: number | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes it when it is not there. Throws the system's error. */
  static make(path: string): ControlGroup {
    mkdirSync(path, { recursive: true });
    return new ControlGroup(path);
  }

  /** Writes what the kernel has files for; returns the names of those that it has not. */
  limit(limits: Limits): string[] {
    return Object.entries(limits).flatMap(([file, value]) => (this.write(file, value) ? [] : [file]));
  }

  /** Lets groups below it have limits; returns the controllers that this kernel lacks. */
  delegate(controllers: readonly string[]): string[] {
    // One by one: one that is missing must not cost the others.
    return controllers.filter((controller) => !this.write('cgroup.subtree_control', `+${controller}`));
  }

  /** Moves a process into it, with all of its threads. One that has ended is nowhere, and that is no fault. */
  add(pid: number): void {
    try {
      writeSync(this.#openMembers(), String(pid));
    } catch (thrown) {
      if (systemCode(thrown) !== 'ESRCH') throw thrown;
    }
  }

  /** The processes in it, without those of groups below it and without ended ones. */
  members(): number[] {
    return readWhole(this.#openMembers())
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [Number(line)]));
  }

  /** Kills every process in it and below it, also those that fork meanwhile. */
  kill(): boolean {
    return this.write('cgroup.kill', '1');
  }

  /** A file's text; undefined when this kernel has no such file. */
  read(file: string): string | undefined {
    const fd = openIfThere(`${this.path}/${file}`, 'r');
    if (fd === undefined) return undefined;
    try {
      return readWhole(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** False when this kernel has no such file, or none for this value. */
  write(file: string, value: string): boolean {
    const fd = openIfThere(`${this.path}/${file}`, 'r+');
    if (fd === undefined) return false;
    try {
      writeSync(fd, value);
      return true;
    } catch (thrown) {
      // What the kernel says to a controller that it does not have.
      if (systemCode(thrown) === 'EINVAL' || systemCode(thrown) === 'ENOENT') return false;
      throw thrown;
    } finally {
      closeSync(fd);
    }
  }

  /** Gives the descriptor back; the group stays. */
  close(): void {
    if (this.#members !== undefined) closeSync(this.#members);
    this.#members = undefined;
  }

  /** False, with the group as it was, when something lives in it. */
  remove(): boolean {
    this.close();
    try {
      rmdirSync(this.path);
      return true;
    } catch (thrown) {
      if (systemCode(thrown) === 'EBUSY') return false;
      throw thrown;
    }
  }

  #openMembers(): number {
    this.#members ??= openSync(`${this.path}/cgroup.procs`, 'r+');
    return this.#members;
  }
}

const block = Buffer.alloc(4096);
const lastReadBytes = 2048;

/** From its beginning; the kernel makes the text anew for each such read. */
function readWhole(fd: number): string {
  let text = '';
  for (;;) {
    const length = readSync(fd, block, 0, block.length, text.length);
    text += block.toString('latin1', 0, length);
    // A read that is not the last fills most of a page: one that does not needs no other to say that it was.
    if (length < lastReadBytes) return text;
  }
}

function openIfThere(path: string, flags: 'r' | 'r+'): number | undefined {
  try {
    return openSync(path, flags);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
