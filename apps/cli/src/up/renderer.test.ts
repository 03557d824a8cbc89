import { describe, expect, it } from 'vitest';
import { colorsFor } from '../output/colors.ts';
import { Renderer } from './renderer.ts';

function rendererOn(kind: 'terminal' | 'pipe', rows = 24) {
  const clock = { now: 0 };
  const written: string[] = [];
  const screen = {
    isTerminal: kind === 'terminal',
    rows: () => rows,
    write: (text: string) => void written.push(text),
  };
  const renderer = new Renderer(screen, colorsFor({}, {}), () => clock.now);
  return { renderer, clock, text: () => written.join('') };
}

const started = (step: string) => ({ kind: 'started', step }) as const;
const note = (step: string, text: string) => ({ kind: 'note', step, text }) as const;
const finished = (step: string, ms: number, cached: boolean) =>
  ({ kind: 'finished', step, ms, cached }) as const;

describe('in a pipe', () => {
  it('a step has a line at its start and one at its end, and the table comes last', () => {
    const { renderer, text } = rendererOn('pipe');
    renderer.report(started('a step'));
    renderer.report(finished('a step', 1_234, false));
    renderer.report(started('b'));
    renderer.report(finished('b', 5, true));
    renderer.finish();
    expect(text().split('\n')).toEqual([
      '  … a step    0.0 s',
      '  ✓ a step    1.2 s',
      '  … b    0.0 s',
      '  ✓ b    0.0 s  there already',
      '  ✓ a step    1.2 s',
      '  ✓ b         0.0 s  there already',
      '',
    ]);
  });

  it('notes come seldom', () => {
    const { renderer, clock, text } = rendererOn('pipe');
    renderer.report(started('a'));
    renderer.report(note('a', 'one'));
    renderer.report(note('a', 'two'));
    clock.now = 5_000;
    renderer.report(note('a', 'three'));
    expect(text()).toContain('one');
    expect(text()).not.toContain('two');
    expect(text()).toContain('three');
  });

  it('there are no control characters', () => {
    const { renderer, text } = rendererOn('pipe');
    renderer.report(started('a'));
    renderer.print('a line');
    renderer.finish();
    expect(text()).not.toContain('\x1b');
  });
});

describe('on a terminal', () => {
  it('a step is painted over its own line', () => {
    using parts = disposable(rendererOn('terminal'));
    parts.renderer.report(started('a'));
    parts.renderer.report(finished('a', 10, false));
    expect(parts.text()).toContain('\x1b[1A\x1b[0J');
  });

  it('nothing is painted over that has scrolled away', () => {
    using parts = disposable(rendererOn('terminal', 5));
    for (let step = 0; step < 10; step++) parts.renderer.report(started(`step ${step}`));
    expect(parts.text()).toContain('\x1b[3A');
    expect(parts.text()).not.toContain('\x1b[4A');
  });

  it('a line in between stays above the steps', () => {
    using parts = disposable(rendererOn('terminal'));
    parts.renderer.report(started('a'));
    parts.renderer.print('said');
    expect(parts.text()).toContain('\x1b[1A\x1b[0Jsaid\n\x1b[?7l  … a');
  });
});

it('a step that did not end is marked, and nothing is painted after the end', () => {
  const { renderer, text } = rendererOn('pipe');
  renderer.report(started('a'));
  renderer.finish();
  expect(text()).toContain('✗ a');
  const length = text().length;
  renderer.report(finished('a', 1, false));
  renderer.finish();
  expect(text()).toHaveLength(length);
});

/** A renderer on a terminal repaints by a timer until it is finished. */
function disposable(parts: ReturnType<typeof rendererOn>): ReturnType<typeof rendererOn> & Disposable {
  return { ...parts, [Symbol.dispose]: () => parts.renderer.finish() };
}
