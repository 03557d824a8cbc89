import { closeSync, openSync, readSync } from 'node:fs';
import { systemCode } from '@wrenn/core';
import { type ListeningSocket, parseSocketTable } from './listening-sockets.ts';

/** What one read of these files gives at most. */
const pageBytes = 4096;
/** Listening sockets beyond these are not looked at: some 6,800 of IPv4. */
const limitBytes = 1024 * 1024;

/**
 * The listening TCP sockets of this network namespace. The kernel lists them before all connections, so that only the
 * beginning of its table is read, however many connections there are, and it is parsed only when it has changed.
 */
export class SocketTable implements Disposable {
  readonly #tables: readonly Table[] = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => open(path));
  readonly #page = Buffer.allocUnsafe(pageBytes);

  /** The sockets, or `unchanged` when they certainly are what they were at the last call. Throws system errors. */
  read(): readonly ListeningSocket[] | 'unchanged' {
    let isChanged = false;
    for (const table of this.#tables) isChanged = this.#readOne(table) || isChanged;
    return isChanged ? this.#tables.flatMap(({ sockets }) => sockets) : 'unchanged';
  }

  /** Makes the next call tell the sockets in any case. */
  forget(): void {
    for (const table of this.#tables) table.bytes = undefined;
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#tables) closeSync(fd);
  }

  #readOne(table: Table): boolean {
    const pages: Buffer[] = [];
    for (let at = 0; at < limitBytes; ) {
      const count = readSync(table.fd, this.#page, 0, pageBytes, at);
      if (count === 0) break;
      pages.push(Buffer.from(this.#page.subarray(0, count)));
      at += count;
      if (hasConnection(this.#page.toString('latin1', 0, count))) break;
    }
    const bytes = Buffer.concat(pages);
    if (table.bytes?.equals(bytes)) return false;
    table.bytes = bytes;
    table.sockets = parseSocketTable(bytes.toString('latin1'));
    return true;
  }
}

interface Table {
  readonly fd: number;
  bytes: Buffer | undefined;
  sockets: readonly ListeningSocket[];
}

/** A line in any other state than listening, which comes after the two addresses. */
function hasConnection(page: string): boolean {
  return / [0-9A-F]+:[0-9A-F]{4} (?!0A)[0-9A-F]{2} /.test(page);
}

function open(path: string): Table[] {
  try {
    return [{ fd: openSync(path, 'r'), bytes: undefined, sockets: [] }];
  } catch (thrown) {
    // A kernel without IPv6.
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
