import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of a zip, which may say of itself what is not true. */
export interface ZipMember {
  readonly name: string;
  readonly content?: string | Buffer;
  /** As a Unix writes it, with the type; left out, the zip is of DOS. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly size?: number;
  readonly crc?: number;
  /** Stands after the compressed content and counts as a part of it. */
  readonly tail?: Buffer;
}

/** The bytes of a zip; `count` is what it says, if that is not the number of its entries. */
export function zipOf(members: readonly ZipMember[], count = members.length): Buffer {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const { local, central } = zipMember(member, offset);
    parts.push(local);
    list.push(central);
    offset += local.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

function zipMember(member: ZipMember, offset: number): { local: Buffer; central: Buffer } {
  const { flags = 0x800, method = 8, mode = 0, tail = Buffer.alloc(0) } = member;
  const content = Buffer.from(member.content ?? '');
  const name = Buffer.from(member.name);
  const packed = Buffer.concat([method === 8 ? deflateRawSync(content) : content, tail]);
  // What both headers have: flags, method, time, date, checksum, sizes, length of the name.
  const common = Buffer.alloc(22);
  common.writeUInt16LE(flags, 0);
  common.writeUInt16LE(method, 2);
  common.writeUInt16LE(0x21, 6);
  common.writeUInt32LE(member.crc ?? crc32(content), 8);
  common.writeUInt32LE(packed.length, 12);
  common.writeUInt32LE(member.size ?? content.length, 16);
  common.writeUInt16LE(name.length, 20);
  const local = Buffer.from('504b03041400', 'hex');
  const central = Buffer.from(mode === 0 ? '504b010214001400' : '504b010214031400', 'hex');
  const rest = Buffer.alloc(16);
  rest.writeUInt32LE((mode << 16) >>> 0, 8);
  rest.writeUInt32LE(offset, 12);
  return {
    local: Buffer.concat([local, common, Buffer.alloc(2), name, packed]),
    central: Buffer.concat([central, common, rest.subarray(0, 0), Buffer.alloc(2), rest.subarray(2), name]),
  };
}
