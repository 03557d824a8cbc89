import { expect, it } from 'vitest';
import { type Ground, keyAfter, keyOfImage } from './keys.ts';
import type { Work } from './work.ts';

const ground: Ground = { vcpus: 1, memoryMb: 512, version: '1', only: undefined };
const run = (script: string): Work => ({
  ...{ kind: 'run', argv: ['sh', '-c', script], user: 'root', cwd: '/', env: {}, timeoutMs: undefined },
});
const base = keyOfImage('sha256:0', ground);

it('the same work on the same ground has the same key', () => {
  expect(keyAfter(base, run('a'), '')).toBe(keyAfter(base, run('a'), ''));
});

it('other work, other files, or another ground has another', () => {
  const keys = [
    keyAfter(base, run('a'), ''),
    keyAfter(base, run('b'), ''),
    keyAfter(base, run('a'), 'files'),
    keyAfter(keyAfter(base, run('b'), ''), run('a'), ''),
    ...[{ vcpus: 2 }, { memoryMb: 1024 }, { version: '2' }, { only: 'bld-1' }].map((change) =>
      keyAfter(keyOfImage('sha256:0', { ...ground, ...change }), run('a'), ''),
    ),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
