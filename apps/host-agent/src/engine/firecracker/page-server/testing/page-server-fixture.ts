import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemorySource } from '../../../engine.ts';
import type { PageServerJob } from '../job.ts';
import { type PageServerProcess, startPageServer } from '../start-page-server.ts';

/** Who a VMM runs as, as with a slot; no account has it. */
export const vmmUser = { uid: 23_456, gid: 23_456 };

const noCgroup = { name: 'none', procsFiles: [] };
const mebibyte = 1 << 20;

/** Real page servers of this machine, each with a directory as a machine has it. */
export class PageServerFixture implements AsyncDisposable {
  /** Root's own; the VMM's user may only pass through it. */
  readonly folder: string;
  readonly #servers: PageServerProcess[] = [];
  #machines = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<PageServerFixture> {
    const folder = await mkdtemp(join(tmpdir(), 'page-server-'));
    await chmod(folder, 0o711);
    return new PageServerFixture(folder);
  }

  async job(source: MemorySource, memoryMiB: number, prefetch?: string): Promise<PageServerJob> {
    const machine = join(this.folder, `machine-${++this.#machines}`);
    await mkdir(machine, { mode: 0o700 });
    await chown(machine, vmmUser.uid, vmmUser.gid);
    return {
      base: source.base,
      changes: source.changes,
      memoryBytes: memoryMiB * mebibyte,
      socketPath: join(machine, 'uffd.sock'),
      peer: vmmUser,
      prefetch,
      recordTo: join(machine, 'working-set'),
    };
  }

  async start(job: PageServerJob): Promise<PageServerProcess> {
    const directory = await mkdtemp(join(this.folder, 'server-'));
    const server = await startPageServer(job, { directory, cgroup: noCgroup }, new AbortController().signal);
    this.#servers.push(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      await server.stop();
      await server.ended;
    }
    await rm(this.folder, { recursive: true });
  }
}

/** The lengths of a guest's regions, as where its memory goes around the devices below 4 GiB. */
export function regionsOf(memoryMiB: number): number[] {
  const first = Math.ceil(memoryMiB / 3) * mebibyte;
  return [first, memoryMiB * mebibyte - first];
}
