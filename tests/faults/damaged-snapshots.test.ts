import { copyFile, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WrennClient } from '@wrenn/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WrennInstallation } from '../support/wrenn-installation.ts';

/** What a paused capsule is made of, damaged a part at a time: its state is refused, and nothing is started or deleted. */
describe('a paused capsule', { timeout: 300_000 }, () => {
  let wrenn: WrennInstallation;
  let client: WrennClient;
  let id: string;
  let store: string;

  beforeAll(async () => {
    wrenn = await WrennInstallation.create({ first: 26_100, count: 32 });
    await wrenn.start();
    client = await wrenn.client();
    store = join(wrenn.directory, 'snapshots');
    ({ id } = await client.capsules.create());
    await client.capsules.exec(id, {
      cmd: 'sh',
      args: ['-c', 'echo kept > /dev/shm/marker; echo x > /root/x'],
    });
    await client.capsules.pause(id);
  }, 400_000);

  afterAll(() => wrenn?.[Symbol.asyncDispose](), 120_000);

  const directory = async () => {
    const record = JSON.parse(await readFile(join(wrenn.directory, 'capsules', id, 'record.json'), 'utf8'));
    return join(store, String(record.snapshot));
  };
  const onlyFileIn = async (folder: string) => {
    const names = await readdir(join(store, folder));
    expect(names).toHaveLength(1);
    return join(store, folder, names[0] ?? '');
  };
  const parts = {
    'memory layer': () => onlyFileIn('layers'),
    disk: () => onlyFileIn('disks'),
    'memory map': async () => join(await directory(), 'memory.map'),
    'device state': async () => join(await directory(), 'device-state'),
  };
  const damages = {
    missing: (path: string) => rm(path),
    'too short': (path: string) => truncate(path, 100),
    async altered(path: string) {
      const bytes = await readFile(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      await writeFile(path, bytes);
    },
  };

  const cases = Object.entries(parts).flatMap(([part, find]) =>
    Object.entries(damages).map(([damage, inflict]) => ({ part, damage, find, inflict })),
  );
  it.each(cases)('whose $part is $damage is refused with a verdict, and stays paused', async (each) => {
    const path = await each.find();
    const good = `${path}.good`;
    await copyFile(path, good);
    try {
      await each.inflict(path);
      await expect(client.capsules.resume(id)).rejects.toMatchObject({
        code: 'snapshot_refused',
        message: expect.stringContaining(path.split('/').at(-1) ?? ''),
      });
      expect(await client.capsules.get(id)).toMatchObject({ status: 'paused' });
    } finally {
      await rename(good, path);
    }
  });

  it('that is whole again resumes', async () => {
    await client.capsules.resume(id);
    expect((await client.capsules.exec(id, { cmd: 'cat', args: ['/dev/shm/marker'] })).stdout).toBe('kept\n');
    await client.capsules.destroy(id);
    expect(await readdir(join(store, 'layers'))).toEqual([]);
    expect(await readdir(join(store, 'disks'))).toEqual([]);
  });
});
