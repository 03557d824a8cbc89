/** A member of a tar, which may be what no program writes. */
export interface TarMember {
  readonly name: string | Buffer;
  /** The character of the type; a file if it is left out. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly link?: string;
  readonly mode?: number;
  readonly mtime?: number;
  /** What the header says, if that is not the content's size. */
  readonly size?: number;
}

const block = 512;

/** The bytes of a tar with its end. */
export function tarOf(...members: TarMember[]): Buffer {
  return Buffer.concat([...members.map(tarMember), Buffer.alloc(2 * block)]);
}

export function tarMember(member: TarMember): Buffer {
  const { name, type = '0', content = '', link = '', mode = 0o644, mtime = 1_000_000_000 } = member;
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(block);
  Buffer.from(name).copy(header, 0, 0, 100);
  header.write(`${mode.toString(8).padStart(7, '0')}\0${'0'.repeat(7)}\0${'0'.repeat(7)}\0`, 100);
  header.write(`${(member.size ?? bytes.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write(`${mtime.toString(8).padStart(11, '0')}\0        ${type}`, 136);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);
}

/** A member that says something of the next one: `path`, `linkpath`, `size`. */
export function paxRecord(key: string, value: string, type = 'x'): TarMember {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (String(length).length + Buffer.byteLength(rest) !== length) {
    length = String(length).length + Buffer.byteLength(rest);
  }
  return { name: 'pax', type, content: `${length}${rest}` };
}
