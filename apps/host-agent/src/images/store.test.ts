import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTicksOf } from '../process/process-identity.ts';
import { type Build, ImageStore } from './store.ts';

const { signal } = new AbortController();
const options = { note: () => undefined, signal };

let cache = '';
let store: ImageStore;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'wrenn-store-'));
  // mkdtemp closes it to others, which the store refuses.
  await chmod(cache, 0o755);
  store = new ImageStore(cache);
  await store.open(signal);
});
afterEach(() => rm(cache, { recursive: true }));

const entries = () => readdir(join(cache, 'images'));

/** Writes one file, and counts how often it is made. */
function build(make?: Build<{ answer: number }>['make']): Build<{ answer: number }> & { made: number } {
  const counted: Build<{ answer: number }> & { made: number } = {
    name: 'thing',
    hash: '0123456789abcdef',
    facts: z.object({ answer: z.number() }),
    made: 0,
    async make(place) {
      counted.made++;
      await writeFile(join(place.scratch, 'half'), 'done');
      await writeFile(join(place.directory, 'file'), 'content', { mode: 0o600 });
      return (await make?.(place)) ?? { answer: 42 };
    },
  };
  return counted;
}

describe('an image store', () => {
  it('makes what is missing, once', async () => {
    const thing = build();
    expect(await store.find(thing)).toBeUndefined();
    expect(await store.ensure(thing, options)).toMatchObject({
      cached: false,
      artifact: { facts: { answer: 42 } },
    });
    expect(await store.ensure(thing, options)).toMatchObject({
      cached: true,
      artifact: { facts: { answer: 42 } },
    });
    expect(thing.made).toBe(1);
    expect(await entries()).toEqual(['thing-0123456789abcdef']);
  });

  it('lets users other than root read an artifact', async () => {
    const { artifact } = await store.ensure(build(), options);
    expect((await stat(artifact.directory)).mode & 0o777).toBe(0o755);
    expect((await stat(join(artifact.directory, 'file'))).mode & 0o777).toBe(0o644);
  });

  it('leaves nothing of a build that fails', async () => {
    const broken = build(() => Promise.reject(new Error('no')));
    await expect(store.ensure(broken, options)).rejects.toThrow('no');
    expect(await entries()).toEqual([]);
  });

  it('lets two builders work at once and keeps one result', async () => {
    const bothStarted = Promise.withResolvers<void>();
    const meet: Build<{ answer: number }>['make'] = async () => {
      if (thing.made === 2) bothStarted.resolve();
      await bothStarted.promise;
      return { answer: 1 };
    };
    const thing = build(meet);
    const [one, other] = await Promise.all([store.ensure(thing, options), store.ensure(thing, options)]);
    expect(one.artifact).toEqual(other.artifact);
    expect(await readFile(join(one.artifact.directory, 'file'), 'utf8')).toBe('content');
    expect(await entries()).toEqual(['thing-0123456789abcdef']);
  });

  it.each([
    ['whose file is cut short', (path: string) => writeFile(join(path, 'file'), 'c')],
    ['whose manifest is not JSON', (path: string) => writeFile(join(path, 'manifest.json'), '{')],
    ['without a manifest', (path: string) => rm(join(path, 'manifest.json'))],
  ])('makes an artifact anew %s', async (_, damage) => {
    const thing = build();
    const { artifact } = await store.ensure(thing, options);
    await damage(artifact.directory);
    expect(await store.find(thing)).toBeUndefined();
    await store.ensure(thing, options);
    expect(await store.find(thing)).toBeDefined();
    expect(thing.made).toBe(2);
  });

  it('removes at its opening what dead builds left, and nothing of those that live', async () => {
    const living = `.building-${process.pid}-${await startTicksOf(process.pid)}-aaaaaa`;
    // The same PID, but it started at another time.
    const dead = `.building-${process.pid}-1-bbbbbb`;
    for (const name of [living, dead])
      await mkdir(join(cache, 'images', name, 'scratch'), { recursive: true });
    await store.open(signal);
    expect(await entries()).toEqual([living]);
  });

  it('refuses a place that virtual machines cannot reach', async () => {
    const closed = join(cache, 'closed');
    await mkdir(join(closed, 'cache'), { recursive: true });
    await chmod(closed, 0o700);
    await expect(new ImageStore(join(closed, 'cache')).open(signal)).rejects.toMatchObject({
      code: 'missing_prerequisite',
      message: `${closed} is closed to the users that run virtual machines`,
    });
  });
});
