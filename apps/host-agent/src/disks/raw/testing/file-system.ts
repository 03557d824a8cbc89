import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Kind = 'ext4' | 'xfs' | 'btrfs';

const programs: Record<Kind, readonly [string, ...string[]]> = {
  ext4: ['/usr/sbin/mkfs.ext4', '-q'],
  // With shared blocks, which is its default.
  xfs: ['/usr/sbin/mkfs.xfs', '-q', '-m', 'reflink=1'],
  btrfs: ['/usr/sbin/mkfs.btrfs', '-q'],
};

/** Why there can be none of a kind here; undefined where there can. */
export function missing(kind: Kind): string | undefined {
  const [program] = programs[kind];
  return existsSync(program) ? undefined : `${program} is not installed`;
}

/** A file system of its own in a file, mounted at `directory` until it is disposed of. */
export class TestFileSystem implements AsyncDisposable {
  readonly directory: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.directory = join(folder, 'mounted');
  }

  static async make(kind: Kind): Promise<TestFileSystem> {
    const folder = await mkdtemp(join(tmpdir(), `wrenn-${kind}-`));
    const system = new TestFileSystem(folder);
    try {
      const image = join(folder, 'image');
      const file = await open(image, 'wx');
      // The least that XFS accepts.
      await file.truncate(320 << 20);
      await file.close();
      const [program, ...options] = programs[kind];
      execFileSync(program, [...options, image], { stdio: 'ignore' });
      await mkdir(system.directory);
      execFileSync('mount', ['-o', 'loop', image, system.directory]);
      return system;
    } catch (thrown) {
      await rm(folder, { recursive: true, force: true });
      throw thrown;
    }
  }

  /** What is used of it, in bytes. */
  used(): number {
    execFileSync('sync', ['--file-system', this.directory]);
    const table = execFileSync('df', ['--output=used', '-B1', this.directory], { encoding: 'utf8' });
    return Number(table.trim().split('\n').at(-1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync('umount', [this.directory]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
