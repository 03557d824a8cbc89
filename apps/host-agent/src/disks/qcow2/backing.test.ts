import { describe, expect, it } from 'vitest';
import { nameBacking } from './backing.ts';

const at = 512;

/** The start of a qcow2 file whose backing file is named last. */
function head({ name = '/old/base.qcow2', version = 3, magic = 0x514649fb } = {}): Buffer {
  const buffer = Buffer.alloc(4096);
  buffer.writeUInt32BE(magic, 0);
  buffer.writeUInt32BE(version, 4);
  buffer.writeBigUInt64BE(BigInt(at), 8);
  buffer.writeUInt32BE(name.length, 16);
  buffer.write(name, at);
  return buffer;
}

function nameIn(buffer: Buffer): string {
  const from = Number(buffer.readBigUInt64BE(8));
  return buffer.toString('utf8', from, from + buffer.readUInt32BE(16));
}

describe('nameBacking', () => {
  it.each([
    ['a shorter', '/b'],
    ['an equally long', '/new/base.qcow2'],
    ['a longer', `/new/${'x'.repeat(1018)}`],
    ['one outside of ASCII', '/größe/盘.qcow2'],
  ])('names %s one, and leaves nothing of the old', (_what, name) => {
    const buffer = head();
    nameBacking(buffer, name);
    expect(nameIn(buffer)).toBe(name);
    const end = at + Buffer.byteLength(name);
    expect(buffer.subarray(end).every((byte) => byte === 0)).toBe(true);
  });

  it.each([
    ['another magic', { magic: 0x7f454c46 }, 'no qcow2 file'],
    ['another version', { version: 2 }, 'no qcow2 file of version 3'],
  ])('refuses %s', (_what, change, why) => {
    expect(() => nameBacking(head(change), '/b')).toThrow(why);
  });

  it('refuses a file without a backing file, and a name that is longer than the format allows', () => {
    const none = head();
    none.writeBigUInt64BE(0n, 8);
    expect(() => nameBacking(none, '/b')).toThrow('no backing file');
    expect(() => nameBacking(head(), `/${'x'.repeat(1023)}`)).toThrow('no room');
  });

  it('refuses a header whose numbers point outside of it', () => {
    const outside = head();
    outside.writeBigUInt64BE(1n << 40n, 8);
    expect(() => nameBacking(outside, '/b')).toThrow('not where it should be');
    const long = head();
    long.writeUInt32BE(0xffff_ffff, 16);
    expect(() => nameBacking(long, '/b')).toThrow('not where it should be');
  });

  it('refuses a file whose content is in another one', () => {
    const elsewhere = head();
    elsewhere.writeBigUInt64BE(1n << 2n, 72);
    expect(() => nameBacking(elsewhere, '/b')).toThrow('in another file');
  });

  it('refuses to write over what follows the old name', () => {
    const followed = head();
    followed.write('something', at + 40);
    expect(() => nameBacking(followed, `/${'x'.repeat(100)}`)).toThrow('something follows');
  });
});
