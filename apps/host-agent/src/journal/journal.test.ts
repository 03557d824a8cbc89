import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CapsuleRecord } from '../capsules/capsule-record.ts';
import { Journal } from './journal.ts';

const log = createLogger('test', 'silent');
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(() => rm(directory, { recursive: true }));

function recordOf(capsuleId: string): CapsuleRecord {
  return {
    version: 2,
    capsuleId,
    teamId: 'team',
    templateId: 'template',
    template: 'minimal',
    templateKey: 'minimal-1x512-0',
    disks: [],
    vcpus: 1,
    memoryMiB: 512,
    timeoutSec: 0,
    createdAtMs: 1,
    lastActiveAtMs: 1,
    slot: 2,
    defaultUser: 'root',
    defaultEnv: {},
    defaultWorkdir: '/srv',
    accessToken: 'a',
    hostSecret: 'b',
    phase: 'creating',
    metadata: {},
  };
}

describe('Journal', () => {
  it('gives back the last record that was written', async () => {
    const id = newId('capsule');
    const journal = await Journal.open(directory);
    await journal.write(id, recordOf(id));
    await journal.write(id, { ...recordOf(id), phase: 'running' });
    const again = await Journal.open(directory);
    expect(await again.readAll(log)).toEqual([{ ...recordOf(id), phase: 'running' }]);
  });

  it('reads a record from before there were default folders', async () => {
    const id = newId('capsule');
    const journal = await Journal.open(directory);
    await mkdir(join(directory, id));
    const { defaultWorkdir: _, ...older } = recordOf(id);
    await writeFile(join(directory, id, 'record.json'), JSON.stringify(older));
    expect(await journal.readAll(log)).toEqual([{ ...recordOf(id), defaultWorkdir: '' }]);
  });

  it.each([
    ['an empty directory', async () => undefined],
    ['half a record', (path: string) => writeFile(join(path, 'record.json'), '{"version":1')],
    [
      'the record of another capsule',
      (path: string) => writeFile(join(path, 'record.json'), JSON.stringify(recordOf(newId('capsule')))),
    ],
  ])('removes %s', async (_what, prepare) => {
    const path = join(directory, newId('capsule'));
    await mkdir(path);
    await prepare(path);
    const journal = await Journal.open(directory);
    expect(await journal.readAll(log)).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([
    ['a later version', (record: CapsuleRecord) => ({ ...record, version: 3 })],
    ['a field that is missing', ({ phase: _phase, ...record }: CapsuleRecord) => record],
    ['a phase that this version does not know', (record: CapsuleRecord) => ({ ...record, phase: 'asleep' })],
  ])('refuses a whole record with %s, and removes nothing', async (_what, change) => {
    const id = newId('capsule');
    const journal = await Journal.open(directory);
    await mkdir(join(directory, id));
    await writeFile(join(directory, id, 'record.json'), JSON.stringify(change(recordOf(id))));
    await expect(journal.readAll(log)).rejects.toMatchObject({
      code: 'agent_error',
      message: expect.stringContaining(id),
      remedy: expect.stringContaining(join(directory, id)),
    });
    expect(await readdir(directory)).toEqual([id]);
  });

  it('gives back what was written durably over an earlier record', async () => {
    const id = newId('capsule');
    const journal = await Journal.open(directory);
    await journal.write(id, recordOf(id));
    await journal.writeDurably(id, { ...recordOf(id), phase: 'paused' });
    expect(await journal.readAll(log)).toEqual([{ ...recordOf(id), phase: 'paused' }]);
    expect(await readdir(join(directory, id))).toEqual(['record.json']);
  });

  it('forgets a capsule with everything in its directory', async () => {
    const id = newId('capsule');
    const journal = await Journal.open(directory);
    await journal.write(id, recordOf(id));
    await mkdir(journal.machineDirectoryOf(id));
    await journal.remove(id);
    expect(await readdir(directory)).toEqual([]);
  });
});
