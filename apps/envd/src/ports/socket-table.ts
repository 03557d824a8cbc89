import { closeSync, openSync, readSync } from 'node:fs';
import { systemCode } from '@wrenn/core';
import { type ListeningSocket, parseSocketTable } from './listening-sockets.ts';

/** What one read of these files gives at most. */
const pageBytes = 4096;
/** More than a line: enough to see what follows the lines of last time. */
const lineBytes = 256;
/** Listening sockets beyond these are not looked at: some 6,800 of IPv4. */
const limitBytes = 1024 * 1024;

/**
 * The listening TCP sockets of this network namespace. The kernel lists them before all connections, so that only the
 * beginning of its table is asked for, however many connections there are, and it is parsed only when it has changed:
 * this happens ten times a second.
 */
export class SocketTable implements Disposable {
  readonly #tables: readonly Table[] = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => open(path));
  readonly #page = Buffer.allocUnsafe(pageBytes);

  /** The sockets, or `unchanged` when they are what they were at the last call. Throws system errors. */
  read(): readonly ListeningSocket[] | 'unchanged' {
    let isChanged = false;
    for (const table of this.#tables) {
      const text = this.#listeningPart(table);
      if (text === table.text) continue;
      isChanged = true;
      table.text = text;
      table.sockets = parseSocketTable(text);
    }
    return isChanged ? this.#tables.flatMap(({ sockets }) => sockets) : 'unchanged';
  }

  /** Makes the next call tell the sockets in any case. */
  forget(): void {
    for (const table of this.#tables) table.text = '';
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#tables) closeSync(fd);
  }

  /** The lines before the first connection. */
  #listeningPart({ fd, text: last }: Table): string {
    for (let text = ''; ; ) {
      const wanted = Math.min(Math.max(last.length - text.length, 0) + lineBytes, pageBytes);
      const count = readSync(fd, this.#page, 0, wanted, text.length);
      text += this.#page.toString('latin1', 0, count);
      const end = text.search(connection);
      if (end !== -1) return text.slice(0, end);
      // Less than was asked for, and not for want of room: the end. Each read would search all connections again.
      const isEnd = count < wanted && count < pageBytes - lineBytes;
      if (isEnd || text.length > limitBytes) return text;
    }
  }
}

interface Table {
  readonly fd: number;
  text: string;
  sockets: readonly ListeningSocket[];
}

/** The beginning of a line in another state than listening, which comes after the two addresses. */
const connection = /^ *\d+: \S+ \S+ (?!0A)[0-9A-F]{2} /m;

function open(path: string): Table[] {
  try {
    return [{ fd: openSync(path, 'r'), text: '', sockets: [] }];
  } catch (thrown) {
    // A kernel without IPv6.
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
