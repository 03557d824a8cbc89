import { lstatSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSpecialFile } from './special-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sys-special-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => Buffer.from(join(folder, name));

test('a pipe, a socket and a device are made', () => {
  const { rdev } = statSync('/dev/null', { bigint: true });
  makeSpecialFile(at('pipe'), 0o010600, 0n);
  makeSpecialFile(at('socket'), 0o140600, 0n);
  makeSpecialFile(at('device'), 0o020600, rdev);
  expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
  expect(lstatSync(at('socket')).isSocket()).toBe(true);
  expect(lstatSync(at('device'), { bigint: true }).rdev).toBe(rdev);
});

test('what is in the way is not replaced', () => {
  makeSpecialFile(at('pipe'), 0o010600, 0n);
  expect(() => makeSpecialFile(at('pipe'), 0o010600, 0n)).toThrow(
    expect.objectContaining({ code: 'EEXIST' }),
  );
});
