import { describe, expect, it } from 'vitest';
import { StopSignals } from './stop-signals.ts';

/** Signals are sent as events, since the test runner must not get them. */
function listen() {
  const clock = { now: 0 };
  const insisted: string[] = [];
  const stop = new StopSignals(
    (name) => insisted.push(name),
    () => clock.now,
  );
  return { stop, insisted, clock };
}

describe('the wish to stop', () => {
  it('is the first signal', async () => {
    const { stop, insisted } = listen();
    using _stop = stop;
    const wanted = stop.wanted();
    process.emit('SIGINT', 'SIGINT');
    await wanted;
    expect(stop.signal.aborted).toBe(true);
    expect(insisted).toEqual([]);
  });

  it('is not insisted on by the same Ctrl-C that npm passes on once more', () => {
    const { stop, insisted, clock } = listen();
    using _stop = stop;
    process.emit('SIGINT', 'SIGINT');
    clock.now = 300;
    process.emit('SIGINT', 'SIGINT');
    expect(insisted).toEqual([]);
  });

  it('is insisted on by a later signal', () => {
    const { stop, insisted, clock } = listen();
    using _stop = stop;
    process.emit('SIGINT', 'SIGINT');
    clock.now = 1_500;
    process.emit('SIGTERM', 'SIGTERM');
    expect(insisted).toEqual(['SIGTERM']);
  });

  it('is not listened for any more once it is disposed of', () => {
    const before = process.listenerCount('SIGINT');
    {
      using _stop = listen().stop;
      expect(process.listenerCount('SIGINT')).toBe(before + 1);
    }
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
