import { deadline, until } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import { SupervisedService, type Supervision } from './supervised-service.ts';
import { Bench } from './testing/service-spec.ts';

/** Pauses between restarts as short as can be, and what was said meanwhile. */
function supervision(said: string[]): Supervision {
  return {
    onProgress: () => undefined,
    onStarted: () => Promise.resolve(),
    announce: (line) => said.push(line),
    firstPauseMs: 1,
    longestPauseMs: 4,
  };
}

const stopLimitMs = 10_000;

describe('a supervised program', () => {
  it('that is killed is started again, and it is said', async () => {
    await using bench = await Bench.make();
    const said: string[] = [];
    const service = await SupervisedService.start(bench.service('one', 'ready'), supervision(said));
    using limit = deadline(20_000, 'waiting for the restart');
    const facts = await service.ready(limit);
    process.kill(Number(facts['pid']), 'SIGKILL');
    await until(() => said.find((line) => line === 'one runs again'), 10, limit);
    expect(said[0]).toMatch(/^one was killed by SIGKILL; starting it again in 0\.001 s \(log: .*one\.log\)$/);
    await service.stop('leave', stopLimitMs);
    expect((await bench.journal()).map((line) => line.split(' ')[1])).toEqual([
      'started',
      'started',
      'stopped',
    ]);
  });

  it('whose first start fails is not started again: the fault is told', async () => {
    await using bench = await Bench.make();
    const said: string[] = [];
    const service = await SupervisedService.start(bench.service('one', 'fault'), supervision(said));
    using limit = deadline(20_000, 'waiting for the fault');
    await expect(service.ready(limit)).rejects.toMatchObject({ code: 'no_space' });
    await service.stop('leave', stopLimitMs);
    expect(said).toEqual([]);
    expect(await bench.journal()).toHaveLength(1);
  });

  it('is not started again once it was told to stop', async () => {
    await using bench = await Bench.make();
    const said: string[] = [];
    const service = await SupervisedService.start(bench.service('one', 'deaf'), supervision(said));
    using limit = deadline(20_000, 'waiting for the start');
    await service.ready(limit);
    await service.stop('leave', 50);
    expect(said).toEqual([]);
    expect(await bench.journal()).toHaveLength(1);
  });
});
