import { constants, fchmodSync, fchownSync, fstatSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { systemCode } from '@wrenn/core';
import { fileFault } from '../filesystem/file-fault.ts';
import { type Metadata, replaceMetadata } from '../filesystem/metadata.ts';
import { logFault } from '../log.ts';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';
import { closeAside, releasing, writeFully } from './descriptors.ts';
import { newDraftName } from './draft-name.ts';
import { overwrite } from './overwrite.ts';
import type { Target } from './target.ts';
import { type Validators, validatorsOf } from './validators.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
/** Nobody else reads what is not whole yet. */
const draftMode = 0o600;
const newFileMode = 0o644;
/** Set-ID bits go, as they do when a user writes to a file. */
const keptModeBits = 0o777;

const notInThisFolder: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EROFS'];
/** What is mounted on the file, and sticky folders, let nobody put another file in its place. */
const notByRenaming: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV'];

/**
 * A file's new content, kept apart from the file until it is whole. Then it takes the file's place in one step, so that
 * at no time and after no fault anybody sees half of it. Not flushed to the disk: like any program's files, it is
 * certain to survive the machine only after a sync.
 */
export class Draft implements Disposable {
  readonly target: Target;
  readonly #account: Account;
  readonly #path: string;
  #fd: number | undefined;
  #metadata: Metadata = {};
  #validators: Validators | undefined;
  #isThere = true;

  /** Takes over `fd`, of the file at `path`. */
  private constructor(target: Target, account: Account, path: string, fd: number) {
    this.target = target;
    this.#account = account;
    this.#path = path;
    this.#fd = fd;
  }

  /** Beside the target or, when the user may write to the file but not to its folder, in another place of theirs. */
  static open(target: Target, account: Account): Draft {
    const name = newDraftName(target.existing === undefined ? 'new' : 'over');
    const others = target.existing === undefined ? [] : ['/tmp', account.home];
    try {
      return asUser(account, () => {
        const path = firstPossible([target.folder, ...others].map((folder) => `${folder}/${name}`));
        return new Draft(target, account, path.path, path.fd);
      });
    } catch (thrown) {
      throw fileFault(thrown, target.path);
    }
  }

  /**
   * Writes `content` while more of it comes: a piece is in use until the next but one is asked for, and after that its
   * memory is given back, or left to whoever made it. Throws `no_space`, and what reading it throws.
   */
  async fill(content: AsyncIterable<Buffer>, pieces: 'give-back' | 'keep'): Promise<void> {
    const fd = this.#open();
    let written: Promise<void> = Promise.resolve();
    try {
      for await (const piece of content) {
        await written;
        written = this.#write(fd, piece).finally(() => {
          if (pieces === 'give-back') giveBack(piece);
        });
        // It is waited for only when the next piece has come, and may have failed by then.
        written.catch(() => undefined);
      }
    } finally {
      await written;
    }
  }

  /** Gives it, being whole, the permissions of the file that it replaces, and `metadata`. */
  seal(metadata: Metadata): void {
    const fd = this.#open();
    const { existing, path } = this.target;
    this.#metadata = metadata;
    try {
      asUser(this.#account, () => {
        // While the draft's own permissions let its user.
        if (Object.keys(metadata).length > 0) replaceMetadata(fd, metadata);
        if (existing !== undefined) giveOwner(fd, existing);
        fchmodSync(fd, existing === undefined ? newFileMode : existing.mode & keptModeBits);
      });
      this.#validators = validatorsOf(fstatSync(fd, { bigint: true }));
    } catch (thrown) {
      throw fileFault(thrown, path);
    }
    closeAside(fd);
    this.#fd = undefined;
  }

  /**
   * Puts it in the target's place, or its content where nothing else is possible. Returns what tells this version of the
   * target from others; undefined where it was copied, since others may have written between the copy and a look at it.
   */
  async commit(): Promise<Validators | undefined> {
    const { path, realPath, existing } = this.target;
    try {
      asUser(this.#account, () => renameOver(this.#path, realPath));
      this.#isThere = false;
      return this.#validators;
    } catch (thrown) {
      if (existing === undefined || !notByRenaming.includes(systemCode(thrown)))
        throw fileFault(thrown, path);
      await overwrite(this.target, this.#path, this.#account, this.#metadata);
      this[Symbol.dispose]();
      return undefined;
    }
  }

  /** Takes it away, unless it has become the target. */
  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeAside(this.#fd);
    this.#fd = undefined;
    if (!this.#isThere) return;
    this.#isThere = false;
    try {
      asUser(this.#account, () => releasing(this.#path, () => unlinkSync(this.#path)));
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT') logFault(`removing the draft of ${this.target.path}`, thrown);
    }
  }

  #open(): number {
    if (this.#fd === undefined) throw new Error('the draft is sealed');
    return this.#fd;
  }

  async #write(fd: number, bytes: Buffer): Promise<void> {
    try {
      await writeFully(fd, bytes);
    } catch (thrown) {
      throw fileFault(thrown, this.target.path);
    }
  }
}

/**
 * Frees what a piece takes now and not at the next garbage collection: a piece is a small thing to V8 with a large one
 * outside of its heap, so many of them pile up before it looks. One that shares its memory is left as it is.
 */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

function firstPossible(paths: readonly string[]): { readonly path: string; readonly fd: number } {
  let refusal: unknown;
  for (const path of paths) {
    try {
      return { path, fd: openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, draftMode) };
    } catch (thrown) {
      refusal ??= thrown;
      if (!notInThisFolder.includes(systemCode(thrown))) throw thrown;
    }
  }
  throw refusal;
}

/** Only root can give a file away, and others only to a group of their own. */
function giveOwner(fd: number, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  try {
    fchownSync(fd, uid, gid);
  } catch (thrown) {
    if (systemCode(thrown) !== 'EPERM') throw thrown;
  }
}

function renameOver(from: string, to: string): void {
  try {
    releasing(to, () => renameSync(from, to));
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
    renameSync(from, to);
  }
}
