import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { ProcessEvent } from './events.ts';
import { collectOutput } from './exec-output.ts';

const end: ProcessEvent = { kind: 'end', exitCode: 0, outcome: 'exited', error: '' };

async function* events(...list: ProcessEvent[]): AsyncGenerator<ProcessEvent> {
  yield* list;
}

describe('collectOutput', () => {
  test.prop([fc.array(fc.uint8Array()), fc.nat(64)])(
    'keeps the beginning and says whether there was more',
    async (chunks, cap) => {
      const printed = chunks.map((data): ProcessEvent => ({ kind: 'stdout', data, number: 1 }));
      const collected = await collectOutput(events(...printed, end), cap);
      const whole = Buffer.concat(chunks);
      expect(Buffer.from(collected.stdout)).toEqual(whole.subarray(0, cap));
      expect(collected.stdoutTruncated).toBe(whole.length > cap);
      expect(collected.stderrTruncated).toBe(false);
    },
  );

  it('never makes up an end that it did not see', async () => {
    const collected = await collectOutput(events({ kind: 'stdout', data: Buffer.from('x'), number: 1 }), 10);
    expect(collected).toMatchObject({ outcome: 'lost', exitCode: 255 });
  });
});
