import { describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';

describe('Cleanup', () => {
  it('releases in reverse order, once', async () => {
    const released: string[] = [];
    const cleanup = new Cleanup();
    for (const name of ['first', 'second']) await cleanup.add(name, () => void released.push(name));
    await cleanup.release();
    await cleanup.release();
    expect(released).toEqual(['second', 'first']);
  });

  it('goes on after a fault and names every one', async () => {
    const released: string[] = [];
    const cleanup = new Cleanup();
    await cleanup.add('namespace', () => void released.push('namespace'));
    await cleanup.add('socket', () => Promise.reject(new Error('busy')));
    await expect(cleanup.release()).rejects.toThrow('releasing socket');
    expect(released).toEqual(['namespace']);
  });

  it('releases at once what comes after the release', async () => {
    const released: string[] = [];
    const cleanup = new Cleanup();
    await cleanup.release();
    await cleanup.add('late', () => void released.push('late'));
    expect(released).toEqual(['late']);
  });

  it('keeps everything after a commit', async () => {
    const released: string[] = [];
    {
      await using cleanup = new Cleanup();
      await cleanup.add('machine', () => void released.push('machine'));
      cleanup.commit();
    }
    expect(released).toEqual([]);
  });
});
