import { closeSync, constants, openSync } from 'node:fs';
import { nextDirectoryNames } from '@wrenn/sys';

/** O_PATH, which `fs.constants` lacks; the same number on x86-64 and arm64. Nothing is opened, only named. */
const pathOnly = 0o10000000;

/** A name as bytes, one character each (latin1): names need not be UTF-8. */
export type ByteName = string;

export function toByteName(text: string): ByteName {
  return Buffer.from(text).toString('latin1');
}

/** For people: what is not UTF-8 becomes U+FFFD, so the text need not lead back to the file. */
export function shownName(name: ByteName): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

/** An open file, closed by its `using`. */
export class Descriptor implements Disposable {
  readonly fd: number;

  /** Throws as open(2) does. */
  constructor(path: string | Buffer, flags: number, mode?: number) {
    this.fd = openSync(path, flags, mode);
  }

  /** The file itself, whatever its name is by now. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }

  /** Holds the file, be it a link, a pipe or a device, without opening it. */
  static holding(path: string | Buffer): Descriptor {
    return new Descriptor(path, pathOnly | constants.O_NOFOLLOW);
  }
}

/**
 * An open directory. Its entries' paths go through the descriptor, so that nobody who moves or replaces a folder on
 * the way to it meanwhile leads us elsewhere.
 */
export class Directory extends Descriptor {
  /** A symbolic link to a directory is followed. Its names can be used, not read. */
  static naming(path: string): Directory {
    return new Directory(path, pathOnly | constants.O_DIRECTORY);
  }

  /** A symbolic link to a directory is followed. */
  static reading(path: string): Directory {
    return new Directory(path, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** Throws `ENOTDIR` or `ELOOP` for anything else, links to directories too. */
  static readingItself(path: string | Buffer): Directory {
    return new Directory(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  }

  pathOf(name: ByteName): Buffer {
    return Buffer.from(`/proc/self/fd/${this.fd}/${name}`, 'latin1');
  }

  /** The names, a few hundred at a time, in no order. */
  *batches(): Generator<ByteName[]> {
    for (;;) {
      const names = nextDirectoryNames(this.fd);
      if (names === undefined) return;
      yield names;
    }
  }
}
