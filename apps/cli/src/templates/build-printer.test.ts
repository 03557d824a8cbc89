import type { BuildEvent } from '@wrenn/sdk';
import { describe, expect, it } from 'vitest';
import { colorsFor } from '../output/colors.ts';
import { BuildPrinter } from './build-printer.ts';

type Shown = Parameters<BuildPrinter['show']>[0];
const common = { number: 1, step: 1, at: new Date(0) };
const begin = (step: number, text: string): Shown => ({
  ...common,
  type: 'begin',
  step,
  phase: 'recipe',
  line: 1,
  text,
});
const wrote = (type: 'stdout' | 'stderr' | 'note', text: string): Shown => ({ ...common, type, text });
const end = (more: Partial<BuildEvent & { type: 'end' }> = {}): Shown => ({
  ...common,
  type: 'end',
  ok: true,
  elapsedMs: 1_240,
  cached: false,
  ...more,
});

function printed(...events: Shown[]): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const printer = new BuildPrinter({ write, colors: colorsFor({}, {}), totalSteps: 12 });
  for (const event of events) printer.show(event);
  printer.finish();
  return text;
}

describe('the log of a build is shown', () => {
  it('with a line for a step that writes nothing', () => {
    const events = [begin(1, 'FROM minimal'), end({ cached: true }), begin(2, 'WORKDIR /app'), end()];
    expect(printed(...events)).toBe('[1/12] FROM minimal  cached\n[2/12] WORKDIR /app  1.2 s\n');
  });

  it('with what a step writes below it', () => {
    const events = [begin(3, 'RUN x'), wrote('stdout', 'one\ntw'), wrote('stdout', 'o\n'), end()];
    expect(printed(...events)).toBe('[3/12] RUN x\n      one\n      two\n      1.2 s\n');
  });

  it('with lines of both streams whole', () => {
    const events = [
      wrote('stdout', 'a'),
      wrote('stderr', 'b'),
      wrote('stdout', 'c\n'),
      wrote('stderr', 'd\n'),
    ];
    expect(printed(begin(1, 'RUN x'), ...events)).toBe('[1/12] RUN x\n      ac\n      bd\n');
  });

  it('with the last line of a step that failed', () => {
    const events = [begin(4, 'RUN x'), wrote('stderr', 'no'), end({ ok: false, exit: 1 })];
    expect(printed(...events)).toBe('[4/12] RUN x\n      no\n      failed after 1.2 s\n');
  });

  it('with the step once more that was begun again', () => {
    expect(printed(begin(2, 'RUN x'), begin(2, 'RUN x'), end())).toBe('[2/12] RUN x\n[2/12] RUN x  1.2 s\n');
  });

  it('with the first line of an instruction that has several', () => {
    expect(printed(begin(13, 'RUN a \\\n  && b'), end())).toBe('[13/13] RUN a …  1.2 s\n');
  });

  it('without what a terminal would obey', () => {
    const events = [begin(1, 'RUN x'), wrote('stdout', '10%\r20%\r\n\x1b[31mred\x1b[0m\x07\n'), end()];
    expect(printed(...events)).toBe('[1/12] RUN x\n      20%\n      red?\n      1.2 s\n');
  });
});
