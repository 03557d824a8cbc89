import { dirname } from 'node:path/posix';
import type { ArchiveEntry, FileEntry } from './entry.ts';
import { entryPath, linkTarget } from './entry-path.ts';
import type { Member } from './member.ts';
import { refusal } from './refusal.ts';
import type { Tally } from './tally.ts';

/** Permissions of a directory that the archive does not hold but has something in. */
const impliedMode = 0o755;

interface Node {
  entry: ArchiveEntry;
  children: number;
}

/**
 * The tree that unpacking the members one after the other would make: a later one takes the place of an earlier one of
 * the same path. Every entry's parents are directories, so that nothing is written through a link.
 */
export class IndexBuilder {
  readonly #nodes = new Map<string, Node>();
  readonly #tally: Tally;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** `sha256` is of the content, for a file. */
  add(member: Member, sha256: string): void {
    const path = entryPath(member.name);
    this.#tally.addEntry();
    this.#tally.addName(member.name.length + member.target.length);
    if (path === '') {
      if (member.type !== 'directory')
        throw refusal('is the archive itself but not a directory', member.name);
      return;
    }
    this.#needDirectory(dirname(path), member);
    this.#put(this.#entryOf(path, member, sha256), member.name);
  }

  entries(): ReadonlyMap<string, ArchiveEntry> {
    const sorted = [...this.#nodes.values()].map((node) => node.entry);
    sorted.sort((one, other) => (one.path < other.path ? -1 : 1));
    return new Map(sorted.map((entry) => [entry.path, entry]));
  }

  #entryOf(path: string, member: Member, sha256: string): ArchiveEntry {
    const { mode, mtime, size } = member;
    switch (member.type) {
      case 'directory':
        return { kind: 'directory', path, mode, mtime };
      case 'symlink':
        return { kind: 'symlink', path, mode, mtime, linkTarget: linkTarget(member.target, member.name) };
      case 'file':
        return { kind: 'file', path, mode, mtime, size, sha256, member: member.number };
      case 'link':
        return { ...this.#linked(member), path };
    }
  }

  /** What a hard link names, as it is at this point of the archive. */
  #linked(member: Member): FileEntry {
    const found = this.#nodes.get(entryPath(linkTarget(member.target, member.name)))?.entry;
    if (found?.kind !== 'file') {
      throw refusal('is a hard link to what is no earlier file of the archive', member.name);
    }
    this.#tally.addBytes(found.size, member.name);
    return found;
  }

  /** Stops at the first parent that is there, since its own parents are then there too. */
  #needDirectory(path: string, member: Member): void {
    const missing: string[] = [];
    let parent = path;
    for (; parent !== '.'; parent = dirname(parent)) {
      const kind = this.#nodes.get(parent)?.entry.kind;
      if (kind === 'directory') break;
      if (kind !== undefined) {
        throw refusal(`is beneath a ${kind === 'symlink' ? 'symbolic link' : 'file'}`, member.name);
      }
      missing.push(parent);
      this.#tally.addEntry();
      this.#tally.addName(parent.length);
    }
    for (const directory of missing.reverse()) {
      this.#put({ kind: 'directory', path: directory, mode: impliedMode, mtime: member.mtime }, member.name);
    }
  }

  #put(entry: ArchiveEntry, name: string): void {
    const there = this.#nodes.get(entry.path);
    if (there !== undefined) {
      if (there.children > 0 && entry.kind !== 'directory') {
        throw refusal('takes the place of a directory with something in it', name);
      }
      there.entry = entry;
      return;
    }
    this.#nodes.set(entry.path, { entry, children: 0 });
    const parent = this.#nodes.get(dirname(entry.path));
    if (parent !== undefined) parent.children += 1;
  }
}
