import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mapAnonymous, mapFile } from './memory-mapping.ts';

const page = 4096;
let directory: string;
let path: string;
let file: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mapping-'));
  path = join(directory, 'file');
  writeFileSync(path, Buffer.concat([Buffer.alloc(page, 1), Buffer.alloc(page, 2)]));
  file = openSync(path, 'r+');
});
afterEach(() => {
  closeSync(file);
  rmSync(directory, { recursive: true });
});

describe('mapped memory', () => {
  it('is zero, can be written, and is zero again once it was forgotten', () => {
    using memory = mapAnonymous(4 * page);
    memory.bytes.fill(7, page, 2 * page);
    expect([memory.bytes[0], memory.bytes[page]]).toEqual([0, 7]);
    memory.forget(page, page);
    expect(memory.bytes[page]).toBe(0);
  });

  it('of a file shows it from an offset', () => {
    using memory = mapFile(file, page, { offset: page, access: 'read', sharing: 'shared' });
    expect(memory.bytes.equals(Buffer.alloc(page, 2))).toBe(true);
  });

  it('keeps what is written to it to itself where it is private', () => {
    using memory = mapFile(file, 2 * page, { access: 'read-write', sharing: 'private' });
    memory.bytes.fill(9);
    expect(readFileSync(path)[0]).toBe(1);
  });

  it('is undone once, however often it is disposed of', () => {
    const memory = mapAnonymous(page);
    memory[Symbol.dispose]();
    expect(() => memory[Symbol.dispose]()).not.toThrow();
  });
});
