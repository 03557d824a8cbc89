import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram } from './find-program.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'envd-find-program-'));
  chmodSync(folder, 0o755);
  for (const name of ['first', 'second', 'hidden']) mkdirSync(join(folder, name));
  const file = (path: string, mode: number) => writeFileSync(join(folder, path), '', { mode });
  file('first/text', 0o644);
  mkdirSync(join(folder, 'first/both'));
  for (const name of ['text', 'both', 'tool']) file(`second/${name}`, 0o755);
  file('hidden/secret', 0o755);
  chmodSync(join(folder, 'hidden'), 0o700);
});
afterAll(() => rmSync(folder, { recursive: true }));

const root = { name: 'root', uid: 0, gid: 0, groups: [0], home: '/root' };
const nobody = { name: 'nobody', uid: 65_534, gid: 65_534, groups: [65_534], home: '/' };

function find(cmd: string, path = `${folder}/first:${folder}/second:${folder}/hidden`, account = root) {
  return findProgram({ cmd, env: { PATH: path }, cwd: folder, account });
}

test('a program is the first along the path that can be run', () => {
  expect(find('tool')).toBe(`${folder}/second/tool`);
  expect(find('text')).toBe(`${folder}/second/text`);
  expect(find('both')).toBe(`${folder}/second/both`);
});

test('what cannot be run is found when there is nothing else', () => {
  expect(find('text', `${folder}/first`)).toBe(`${folder}/first/text`);
});

test('what is nowhere is not found', () => {
  for (const cmd of ['none', '/none', 'first/none', 'x'.repeat(300)]) expect(find(cmd)).toBeUndefined();
});

test('a command with a slash is not looked for', () => {
  expect(find('second/tool', '/bin')).toBe('second/tool');
  expect(find('/etc/passwd', '')).toBe('/etc/passwd');
});

test('folders of the path are seen from the folder of the process, and always leave a slash', () => {
  expect(find('tool', 'second')).toBe('second/tool');
  expect(findProgram({ cmd: 'tool', env: { PATH: '' }, cwd: `${folder}/second`, account: root })).toBe(
    './tool',
  );
  expect(findProgram({ cmd: 'tool', env: {}, cwd: '/', account: root })).toBeUndefined();
});

test('a user finds only what that user can see', () => {
  expect(find('secret')).toBe(`${folder}/hidden/secret`);
  expect(find('secret', undefined, nobody)).toBeUndefined();
});
