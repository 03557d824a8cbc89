/** An entry of the archive that the kernel unpacks into its first root file system. Names have no leading slash. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly name: string; readonly mode: number }
  | { readonly kind: 'file'; readonly name: string; readonly mode: number; readonly content: Uint8Array }
  | {
      readonly kind: 'character-device';
      readonly name: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const typeBits = { directory: 0o040000, file: 0o100000, 'character-device': 0o020000 } as const;
/** The largest size that its eight hexadecimal digits can say. */
const sizeLimit = 0xffff_ffff;

/**
 * A cpio archive in the `newc` format (linux/Documentation/driver-api/early-userspace/buffer-format.rst). All
 * entries belong to root and have no time, so that the same entries give the same bytes.
 */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const chunks = entries.flatMap((entry, index) => writeEntry(entry, index + 1));
  const trailer = header('TRAILER!!!', { inode: 0, mode: 0, size: 0, major: 0, minor: 0 });
  return Buffer.concat([...chunks, trailer]);
}

function writeEntry(entry: CpioEntry, inode: number): Buffer[] {
  if (entry.name.startsWith('/') || entry.name.includes('\0')) throw new RangeError(`bad name ${entry.name}`);
  const content = entry.kind === 'file' ? entry.content : new Uint8Array();
  if (content.byteLength > sizeLimit) throw new RangeError(`${entry.name} is too large for cpio`);
  const device = entry.kind === 'character-device' ? entry : { major: 0, minor: 0 };
  const head = header(entry.name, {
    inode,
    mode: typeBits[entry.kind] | entry.mode,
    size: content.byteLength,
    major: device.major,
    minor: device.minor,
  });
  return [head, padded(Buffer.from(content))];
}

interface Fields {
  readonly inode: number;
  readonly mode: number;
  readonly size: number;
  readonly major: number;
  readonly minor: number;
}

function header(name: string, { inode, mode, size, major, minor }: Fields): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const links = 1;
  const numbers = [inode, mode, 0, 0, links, 0, size, 0, 0, major, minor, nameBytes.byteLength, 0];
  const digits = numbers.map((number) => number.toString(16).padStart(8, '0')).join('');
  return padded(Buffer.concat([Buffer.from(`070701${digits}`), nameBytes]));
}

/** Header with name, and content, each end on a multiple of four bytes. */
function padded(bytes: Buffer): Buffer {
  const rest = bytes.byteLength % 4;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}
