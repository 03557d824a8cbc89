import { describe, expect, it } from 'vitest';
import { LogText } from './log-text.ts';

function linesOf(...parts: readonly (readonly ['stdout' | 'stderr', string])[]): readonly string[] {
  const log = new LogText();
  for (const [stream, text] of parts) log.add(stream, text);
  return log.lines.map(({ text }) => text);
}

describe('what a step writes', () => {
  it('is lines, however it was cut on its way', () => {
    expect(linesOf(['stdout', 'on'], ['stdout', 'e\ntw'], ['stdout', 'o\n\n'])).toEqual(['one', 'two', '']);
  });

  it('keeps both streams apart that write at the same time', () => {
    expect(linesOf(['stdout', 'a'], ['stderr', 'x'], ['stdout', 'b\n'], ['stderr', 'y\n'])).toEqual([
      'ab',
      'xy',
    ]);
  });

  it('shows a line that was overwritten as it is now', () => {
    expect(linesOf(['stdout', '10 %\r'], ['stdout', '20 %\r30 %'], ['stdout', '\r\ndone\r\n'])).toEqual([
      '30 %',
      'done',
    ]);
  });

  it('is without colours and bells', () => {
    expect(linesOf(['stdout', '\u001b[1;31mred\u001b[0m\u0007\tand [this]\n'])).toEqual(['red\tand [this]']);
  });

  it('is cut where a line is longer than anybody reads', () => {
    expect(linesOf(['stdout', 'x'.repeat(100_000)])[0]).toHaveLength(2_001);
  });

  it('keeps its end when it is long, and says how much is missing', () => {
    const log = new LogText();
    log.add('stdout', Array.from({ length: 12_000 }, (_, index) => `line ${index + 1}\n`).join(''));
    log.add('stdout', 'the last');
    expect(log.lines).toHaveLength(10_000);
    expect(log.lines[0]).toMatchObject({ number: 2_002, text: 'line 2002' });
    expect(log.lines.at(-1)).toMatchObject({ number: 12_001, text: 'the last' });
    expect(log.dropped).toBe(2_001);
  });
});
