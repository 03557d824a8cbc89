import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

function type(query: Record<string, string>, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${envd.url}/terminals/input?${new URLSearchParams(query)}`, { method: 'POST', body });
}

/** A terminal that shows what is typed into it as it is. */
async function terminal(tag: string) {
  const stop = new AbortController();
  const start = {
    process: { cmd: 'sh', args: ['-c', 'stty -echo raw; printf ready; exec cat'] },
    pty: { size: { cols: 80, rows: 24 } },
    tag,
  };
  let shown = '';
  const reading = (async () => {
    for await (const { event } of envd.processes.start(start, { signal: stop.signal }))
      if (event?.event.case === 'data') shown += Buffer.from(event.event.value.output.value ?? []).toString();
  })().catch((thrown: unknown) => {
    if (!stop.signal.aborted) throw thrown;
  });
  await expect.poll(() => shown).toBe('ready');
  return {
    shows: (text: string) => expect.poll(() => shown).toBe(`ready${text}`),
    async [Symbol.asyncDispose]() {
      await envd.processes.sendSignal({ process: { selector: { case: 'tag', value: tag } }, signal: 9 });
      stop.abort();
      await reading;
    },
  };
}

describe('POST /terminals/input', () => {
  it('types its body, and what is sent again once', async () => {
    await using one = await terminal('one');
    expect((await type({ tag: 'one' }, 'a')).status).toBe(204);
    expect((await type({ tag: 'one', writer: 'me', offset: '0' }, 'bc')).status).toBe(204);
    expect((await type({ tag: 'one', writer: 'me', offset: '1' }, 'cd')).status).toBe(204);
    await one.shows('abcd');
  });

  it('says what is wrong', async () => {
    await using _two = await terminal('two');
    await type({ tag: 'two', writer: 'me', offset: '0' }, 'x');
    const answers = [
      await type({ tag: 'two', writer: 'me', offset: '9' }, 'x'),
      await type({ tag: 'none' }, 'x'),
      await type({ tag: 'two', offset: '-1' }, 'x'),
      await type({ tag: 'two' }, new Uint8Array(1024 * 1024 + 1)),
    ];
    const faults = await Promise.all(answers.map(async (answer) => [answer.status, await answer.json()]));
    expect(faults).toEqual([
      [409, expect.objectContaining({ error: 'invalid_state' })],
      [404, expect.objectContaining({ error: 'not_found' })],
      [400, expect.objectContaining({ error: 'invalid_request' })],
      [413, expect.objectContaining({ error: 'too_large' })],
    ]);
  });
});
