import type { ArchiveEntry } from './entry.ts';

const blockBytes = 512;
/** What the fields of a ustar header have room for; what is longer goes into a pax header before it. */
const nameBytes = 100;
const largestSize = 8 ** 11 - 1;

const types = { file: '0', symlink: '2', directory: '5', pax: 'x' } as const;

export const tarEnd = Buffer.alloc(2 * blockBytes);

/** The header of an entry of a tar, owned by root, with a pax header only where the name, link or size needs one. */
export function entryHeader(name: string, entry: ArchiveEntry): Buffer {
  const size = entry.kind === 'file' ? entry.size : 0;
  const link = entry.kind === 'symlink' ? entry.linkTarget : '';
  const path = entry.kind === 'directory' ? `${name}/` : name;
  const records = [
    ...(Buffer.byteLength(path) > nameBytes ? [record('path', path)] : []),
    ...(Buffer.byteLength(link) > nameBytes ? [record('linkpath', link)] : []),
    ...(size > largestSize ? [record('size', String(size))] : []),
  ];
  const { mode, mtime } = entry;
  const header = block({ path, link, size, mode, mtime, type: types[entry.kind] });
  if (records.length === 0) return header;
  const pax = Buffer.from(records.join(''));
  const paxHeader = block({ path: 'pax', link: '', size: pax.length, mode: 0o644, mtime, type: types.pax });
  return Buffer.concat([paxHeader, pax, padding(pax.length), header]);
}

/** What fills the last block of `size` bytes. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** A record of a pax header begins with its own length, digits included. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

interface Fields {
  readonly path: string;
  readonly link: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  readonly type: string;
}

function block({ path, link, size, mode, mtime, type }: Fields): Buffer {
  const header = Buffer.alloc(blockBytes);
  Buffer.from(path).copy(header, 0, 0, nameBytes);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(Math.min(size, largestSize), 11), 124);
  header.write(octal(Math.min(Math.max(mtime, 0), largestSize), 11), 136);
  header.write('        ', 148);
  header.write(type, 156);
  Buffer.from(link).copy(header, 157, 0, nameBytes);
  header.write('ustar\0' + '00', 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
