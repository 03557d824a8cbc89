import { describe, expect, it } from 'vitest';
import { abortable, deadline, pause, until } from './deadline.ts';

describe('deadline', () => {
  it('aborts with what was being done', async () => {
    using limit = deadline(1, 'waiting for QEMU');
    await expect(pause(60_000, limit)).rejects.toMatchObject({
      code: 'deadline_exceeded',
      message: expect.stringContaining('waiting for QEMU'),
    });
  });

  it('aborts with the reason of the signal it is under', async () => {
    const reason = new Error('stop');
    const outer = new AbortController();
    using limit = deadline(60_000, 'waiting', outer.signal);
    outer.abort(reason);
    await expect(pause(60_000, limit)).rejects.toBe(reason);
  });

  it('is aborted from the start under an aborted signal', () => {
    using limit = deadline(60_000, 'waiting', AbortSignal.abort());
    expect(limit.aborted).toBe(true);
  });
});

describe('until', () => {
  it('asks again until there is an answer', async () => {
    let asked = 0;
    using limit = deadline(10_000, 'asking');
    expect(await until(() => (++asked === 3 ? 'yes' : undefined), 1, limit)).toBe('yes');
    expect(asked).toBe(3);
  });

  it('lets a fault of the attempt through', async () => {
    using limit = deadline(10_000, 'asking');
    await expect(until(() => Promise.reject(new Error('broken')), 1, limit)).rejects.toThrow('broken');
  });
});

describe('abortable', () => {
  it('does not wait for a promise that never settles', async () => {
    const stop = new AbortController();
    const waiting = abortable(new Promise(() => undefined), stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
