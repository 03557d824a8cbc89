import type { CpioEntry } from './cpio.ts';
import { writeCpio } from './cpio.ts';

interface InitrdModule {
  readonly need: 'required' | 'optional';
  readonly name: string;
  readonly content: Uint8Array;
}

export interface InitrdParts {
  readonly init: Uint8Array;
  readonly busybox: Uint8Array;
  /** In load order. */
  readonly modules: readonly InitrdModule[];
}

const emptyDirectories = ['bin', 'dev', 'modules', 'newroot', 'proc', 'sys'];

/**
 * The initrd's bytes. Not compressed: it is small, QEMU reads it from the host's page cache, and unpacking it in an
 * emulated guest would cost more than it saves.
 */
export function makeInitrd({ init, busybox, modules }: InitrdParts): Buffer {
  const order = modules.map((module) => `${module.need} ${module.name}\n`).join('');
  return writeCpio([
    ...emptyDirectories.map((name): CpioEntry => ({ kind: 'directory', name, mode: 0o755 })),
    // The kernel opens it for PID 1 before anything can mount /dev.
    { kind: 'character-device', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'file', name: 'init', mode: 0o755, content: init },
    { kind: 'file', name: 'bin/busybox', mode: 0o755, content: busybox },
    { kind: 'file', name: 'modules/order', mode: 0o644, content: Buffer.from(order) },
    ...modules.map(
      ({ name, content }): CpioEntry => ({
        kind: 'file',
        name: `modules/${name}.ko`,
        mode: 0o644,
        content,
      }),
    ),
  ]);
}
