import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { ExecEvent } from './exec.ts';
import { collectOutput } from './exec-output.ts';

const end: ExecEvent = { kind: 'end', exitCode: 0, outcome: 'exited', error: '' };

async function* events(...list: ExecEvent[]): AsyncGenerator<ExecEvent> {
  yield* list;
}

describe('collectOutput', () => {
  test.prop([fc.array(fc.uint8Array()), fc.nat(64)])(
    'keeps the beginning and says whether there was more',
    async (chunks, cap) => {
      const printed = chunks.map((data): ExecEvent => ({ kind: 'stdout', data }));
      const collected = await collectOutput(events(...printed, end), cap);
      const whole = Buffer.concat(chunks);
      expect(Buffer.from(collected.stdout)).toEqual(whole.subarray(0, cap));
      expect(collected.stdoutTruncated).toBe(whole.length > cap);
      expect(collected.stderrTruncated).toBe(false);
    },
  );

  it('never makes up an end that it did not see', async () => {
    const collected = await collectOutput(events({ kind: 'stdout', data: Buffer.from('x') }), 10);
    expect(collected).toMatchObject({ outcome: 'lost', exitCode: 255 });
  });
});
