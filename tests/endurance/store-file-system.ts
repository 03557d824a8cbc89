import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, rmdir, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const commandDeadlineMs = 60_000;
const ballast = '.ballast';

/** A file system of its own for a folder, small enough to be filled: an image beside it that is mounted over it. */
export class StoreFileSystem {
  readonly #mountPoint: string;
  readonly #image: string;

  private constructor(mountPoint: string, image: string) {
    this.#mountPoint = mountPoint;
    this.#image = image;
  }

  static async mount(mountPoint: string, image: string, bytes: number): Promise<StoreFileSystem> {
    await mkdir(mountPoint, { recursive: true });
    // Some containers have no loop devices.
    await mountImage(mountPoint, image, bytes).catch(() => mountMemory(mountPoint, bytes));
    await chmod(mountPoint, 0o711);
    return new StoreFileSystem(mountPoint, image);
  }

  /** Leaves less than any operation needs. */
  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#mountPoint);
    const path = join(this.#mountPoint, ballast);
    await run('fallocate', ['-l', String(bavail * bsize - 256 * 1024), path]).catch(() => undefined);
    // What fallocate could not get because its own bookkeeping needs space too.
    await run('dd', ['if=/dev/zero', `of=${path}`, 'bs=4K', 'oflag=append', 'conv=notrunc']).catch(
      () => undefined,
    );
  }

  async free(): Promise<void> {
    await rm(join(this.#mountPoint, ballast), { force: true });
  }

  async unmount(): Promise<void> {
    await run('umount', [this.#mountPoint]);
    await rm(this.#image, { force: true });
  }
}

async function mountImage(mountPoint: string, image: string, bytes: number): Promise<void> {
  await writeFile(image, '');
  await truncate(image, bytes);
  await run('mkfs.ext4', ['-q', '-m', '0', image]);
  await run('mount', ['-o', 'loop', image, mountPoint]);
  await rmdir(join(mountPoint, 'lost+found'));
}

async function mountMemory(mountPoint: string, bytes: number): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', mountPoint]);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  await execute(program, args, { timeout: commandDeadlineMs });
}
