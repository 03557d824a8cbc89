import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapsuleId, newId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../journal/journal.ts';
import { Histories } from './histories.ts';

const log = createLogger('test', 'silent');
const usage = { cpuPct: 12.345, memBytes: 1, memTotalBytes: 2, diskBytes: 3, diskTotalBytes: 4 };
/** Where half a minute begins. */
const now = 1_700_000_010;
const runs = () => true;
const runsNot = () => false;

let directory: string;
let journal: Journal;
let id: CapsuleId;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'histories-'));
  journal = await Journal.open(directory);
  id = newId('capsule');
  await mkdir(journal.directoryOf(id));
});
afterEach(() => rm(directory, { recursive: true }));

const agent = () => new Histories(journal, log);
const timesIn = async (histories: Histories) =>
  (await histories.read(id)).excerpt(600, now + 100).points.map(({ at }) => at - now);

describe('what a capsule used', () => {
  it('is known to the next agent as soon as it is written, and goes on there', async () => {
    const first = agent();
    await first.add(id, now, usage);
    await first.add(id, now + 5, usage);
    await first.save();
    const next = agent();
    expect(await timesIn(next)).toEqual([0, 5]);
    await next.add(id, now + 10, usage);
    expect(await timesIn(next)).toEqual([0, 5, 10]);
    expect((await next.read(id)).excerpt(7_200, now + 10).points).toMatchObject([{ memTotalBytes: 2 }]);
  });

  it('is written when the capsule does not run any more, and read from its folder', async () => {
    const histories = agent();
    await histories.add(id, now, usage);
    histories.tidy(runs);
    expect(await readdir(journal.directoryOf(id))).toEqual([]);
    histories.tidy(runsNot);
    await expect.poll(() => readdir(journal.directoryOf(id))).toEqual(['metrics.json']);
    expect(await timesIn(histories)).toEqual([0]);
    expect(await timesIn(agent())).toEqual([0]);
    expect((await stat(join(journal.directoryOf(id), 'metrics.json'))).mode & 0o777).toBe(0o600);
  });

  it('has both when a capsule runs again while it is written', async () => {
    const histories = agent();
    await histories.add(id, now, usage);
    histories.tidy(runsNot);
    await histories.add(id, now + 5, usage);
    await histories.save();
    expect(await timesIn(histories)).toEqual([0, 5]);
    expect(await timesIn(agent())).toEqual([0, 5]);
  });

  it('is gone with the capsule, whose folder is not made again', async () => {
    const histories = agent();
    await histories.add(id, now, usage);
    const saving = histories.save();
    await histories.forget(id);
    await journal.remove(id);
    await saving;
    await histories.save();
    histories.tidy(runsNot);
    expect(await readdir(directory)).toEqual([]);
    expect(await timesIn(histories)).toEqual([]);
  });

  it('of one whose folder is gone already is not written, without a fault', async () => {
    const histories = agent();
    await histories.add(id, now, usage);
    await journal.remove(id);
    await histories.save();
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(['', '{"version":1', '{"version":9,"tiers":[]}', '{"version":1,"tiers":[[["x"]]]}'])(
    'begins anew where its file says %j',
    async (content) => {
      await writeFile(join(journal.directoryOf(id), 'metrics.json'), content);
      const histories = agent();
      expect(await timesIn(histories)).toEqual([]);
      await histories.add(id, now, usage);
      await histories.save();
      expect(await timesIn(agent())).toEqual([0]);
    },
  );
});
