import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type CpioEntry, writeCpio } from './cpio.ts';

/** Reads an archive as the kernel does: header, name, padding, content, padding. */
function readCpio(archive: Buffer): { name: string; mode: number; content: Buffer; device: string }[] {
  const entries = [];
  for (let at = 0; ; ) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const name = archive.toString('utf8', at + 110, at + 110 + field(11) - 1);
    const content = Math.ceil((at + 110 + field(11)) / 4) * 4;
    const end = content + field(6);
    if (name === 'TRAILER!!!') return entries;
    const device = `${field(9)}:${field(10)}`;
    entries.push({ name, mode: field(1), content: archive.subarray(content, end), device });
    at = Math.ceil(end / 4) * 4;
  }
}

const fileEntry = fc.record({
  kind: fc.constant('file' as const),
  name: fc.stringMatching(/^[a-z][a-z/]{0,20}$/),
  mode: fc.integer({ min: 0, max: 0o777 }),
  content: fc.uint8Array({ maxLength: 40 }),
});

describe('writeCpio', () => {
  test.prop([fc.array(fileEntry)])('keeps names, modes and contents of any files', (files) => {
    const read = readCpio(writeCpio(files));
    expect(read.map(({ name, mode, content }) => ({ name, mode, content: [...content] }))).toEqual(
      files.map(({ name, mode, content }) => ({ name, mode: 0o100000 | mode, content: [...content] })),
    );
  });

  it('writes directories and devices with their type', () => {
    const entries: CpioEntry[] = [
      { kind: 'directory', name: 'dev', mode: 0o755 },
      { kind: 'character-device', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    ];
    expect(readCpio(writeCpio(entries))).toMatchObject([
      { name: 'dev', mode: 0o040755 },
      { name: 'dev/console', mode: 0o020600, device: '5:1' },
    ]);
  });

  it.each(['/etc', 'a\0b'])('refuses the name %j', (name) => {
    expect(() => writeCpio([{ kind: 'directory', name, mode: 0o755 }])).toThrow(RangeError);
  });
});
