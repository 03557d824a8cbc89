import { describe, expect, it } from 'vitest';
import { allEnded } from './all-ended.ts';

describe('allEnded', () => {
  it('gives the results in order', async () => {
    expect(await allEnded([Promise.resolve(1), Promise.resolve('two')])).toEqual([1, 'two']);
  });

  it('waits for the others before it throws', async () => {
    const log: string[] = [];
    const slow = new Promise<void>((resolve) => setImmediate(resolve)).then(() => log.push('ended'));
    await expect(allEnded([Promise.reject(new Error('broken')), slow])).rejects.toThrow('broken');
    expect(log).toEqual(['ended']);
  });
});
