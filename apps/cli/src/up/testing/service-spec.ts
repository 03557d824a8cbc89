import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemCode } from '@wrenn/core';
import type { ServiceSpec } from '../service-process.ts';

/**
 * `ready`: serves until it is told to stop; `fault`: says why it cannot; `exit`: just ends; `deaf`: never stops;
 * `slow`: takes its time to stop, and says how far it is.
 */
export type Behaviour = 'ready' | 'fault' | 'exit' | 'deaf' | 'slow';

/** A directory for the programs of one test: their logs, and a journal of what they did. */
export class Bench implements AsyncDisposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), 'wrenn-up-')));
  }

  service(name: string, behaviour: Behaviour): ServiceSpec {
    const program = fileURLToPath(new URL('service.mjs', import.meta.url));
    return {
      name,
      argv: [program, name, this.#journal, behaviour],
      environment: { PATH: process.env['PATH'] },
      logDirectory: this.directory,
    };
  }

  /** What the programs did, in order: `NAME started PID`, `NAME stopped MODE`. */
  async journal(): Promise<string[]> {
    try {
      return (await readFile(this.#journal, 'utf8')).trim().split('\n');
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return [];
      throw thrown;
    }
  }

  get #journal(): string {
    return join(this.directory, 'journal');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
