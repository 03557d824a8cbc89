import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { patientFetch } from './patient-fetch.ts';

const address = 'http://wrenn.test/v1/capsules';
let asked: Request[];
/** What the next ones get; one more than there are is answered. */
let faults: Error[];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  faults = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(request);
    const fault = faults.shift();
    if (fault !== undefined) throw fault;
    return new Response(await request.text());
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function ended<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  await vi.runAllTimersAsync();
  return await work;
}

const broken = () => new TypeError('the network changed');

it.each([
  ['GET', '', undefined],
  ['HEAD', '', undefined],
  ['POST', '/cl-1/files/list', '{}'],
])(
  '%s %s, which only reads, is asked twice more, whole, where no answer came',
  async (method, path, body) => {
    faults = [broken(), broken()];
    const answer = await ended(
      patientFetch(`${address}${path}`, { method, ...(body === undefined ? {} : { body }) }),
    );
    expect(await answer.text()).toBe(body ?? '');
    expect(asked).toHaveLength(3);
  },
);

it('the last fault is told', async () => {
  faults = [broken(), broken(), new TypeError('the last')];
  await expect(ended(patientFetch(address))).rejects.toThrow('the last');
});

it.each([
  ['POST', ''],
  ['PUT', '/cl-1/files/content'],
  ['POST', '/cl-1/files/remove'],
])('%s %s, which changes something, is asked once', async (method, path) => {
  faults = [broken()];
  await expect(ended(patientFetch(`${address}${path}`, { method, body: 'x' }))).rejects.toThrow(
    'the network changed',
  );
  expect(asked).toHaveLength(1);
});

it('what nobody waits for any more is not asked again', async () => {
  const leave = new AbortController();
  leave.abort();
  faults = [broken(), broken()];
  await expect(ended(patientFetch(address, { signal: leave.signal }))).rejects.toThrow();
  expect(asked).toHaveLength(1);
});
