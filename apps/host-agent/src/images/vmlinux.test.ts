import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { fc, test } from '@fast-check/vitest';
import { WrennError } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { payloadOf, unpackKernel } from './vmlinux.ts';

const signal = new AbortController().signal;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmlinux-'));
});
afterEach(() => rm(directory, { recursive: true }));

function elf(machine = 62): Buffer {
  const file = Buffer.alloc(4096, 5);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]).copy(file);
  file.writeUInt16LE(machine, 18);
  return file;
}

/** A bzImage with two sectors of set-up, and some bytes before its payload. */
function bzImage(payload: Buffer, { version = 0x020f, magic = 'HdrS' } = {}): Buffer {
  const image = Buffer.alloc(3 * 512 + 700 + payload.length + 4 + 100, 9);
  image.writeUInt8(2, 0x1f1);
  image.write(magic, 0x202, 'latin1');
  image.writeUInt16LE(version, 0x206);
  image.writeUInt32LE(700, 0x248);
  image.writeUInt32LE(payload.length + 4, 0x24c);
  payload.copy(image, 3 * 512 + 700);
  return image;
}

async function unpacked(image: Buffer): Promise<Buffer> {
  const [from, to] = [join(directory, 'vmlinuz'), join(directory, 'vmlinux')];
  await writeFile(from, image);
  await unpackKernel(from, to, signal);
  return await readFile(to);
}

describe('unpackKernel', () => {
  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('unpacks a kernel that was compressed with %s', async (_, compress) => {
    expect((await unpacked(bzImage(compress(elf())))).equals(elf())).toBe(true);
  });

  it.each([
    ['another file', Buffer.alloc(2048)],
    ['a bzImage that is cut short', bzImage(gzipSync(elf())).subarray(0, 1000)],
    ['one of an old protocol', bzImage(gzipSync(elf()), { version: 0x0207 })],
    ['one that is compressed in another way', bzImage(Buffer.from('BZh91AY&SY'))],
    ['one without a kernel in it', bzImage(gzipSync(Buffer.alloc(5000)))],
    ['one for another machine', bzImage(gzipSync(elf(183)))],
  ])('refuses %s', async (_, image) => {
    await expect(unpacked(image)).rejects.toMatchObject({ code: 'internal_error' });
  });
});

describe('payloadOf', () => {
  test.prop([fc.uint8Array({ minLength: 0, maxLength: 2000 }), fc.nat(), fc.nat()])(
    'finds a payload or says why there is none, whatever it is given',
    (bytes, offset, length) => {
      const image = bzImage(Buffer.from(bytes));
      image.writeUInt32LE(offset, 0x248);
      image.writeUInt32LE(length, 0x24c);
      try {
        expect(payloadOf(image).bytes.length).toBeLessThanOrEqual(image.length);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(WrennError);
      }
    },
  );
});
