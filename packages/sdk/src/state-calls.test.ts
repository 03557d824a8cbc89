import { describe, expect, it } from 'vitest';
import { WrennClient } from './client.ts';

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly key: string | null;
}

/** A client whose server answers everything with `answer`, and what it was sent. */
function clientOf(answer: object | undefined) {
  const sent: Sent[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    sent.push({
      method: request.method,
      path: `${pathname}${search}`,
      body: text === '' ? undefined : JSON.parse(text),
      key: request.headers.get('idempotency-key'),
    });
    return answer === undefined ? new Response(null, { status: 204 }) : Response.json(answer);
  };
  return { client: new WrennClient({ baseUrl: 'http://127.0.0.1:9', apiKey: 'wrn_x', fetch }), sent };
}

const id = 'cl-0000000000000000000000001';
const path = `/v1/capsules/${id}`;
const call = { idempotencyKey: 'once' };

describe('what is sent', () => {
  const cases: [string, (client: WrennClient) => Promise<unknown>, Omit<Sent, 'key'>][] = [
    [
      'create',
      ({ capsules }) => capsules.create({ timeoutSec: 60, autoResume: true, template: 'mine' }, call),
      {
        method: 'POST',
        path: '/v1/capsules',
        body: { timeout_sec: 60, auto_resume: true, template: 'mine' },
      },
    ],
    [
      'pause',
      ({ capsules }) => capsules.pause(id, call),
      { method: 'POST', path: `${path}/pause`, body: undefined },
    ],
    [
      'metrics',
      ({ capsules }) => capsules.metrics(id, '1h'),
      { method: 'GET', path: `${path}/metrics?range=1h`, body: undefined },
    ],
    [
      'resume',
      ({ capsules }) => capsules.resume(id, { timeoutSec: 0 }, call),
      { method: 'POST', path: `${path}/resume`, body: { timeout_sec: 0 } },
    ],
    [
      'fork',
      ({ capsules }) => capsules.fork(id, { count: 3, timeoutSec: 5, metadata: { myKey: 'a' } }, call),
      {
        method: 'POST',
        path: `${path}/fork`,
        body: { count: 3, timeout_sec: 5, metadata: { myKey: 'a' } },
      },
    ],
    [
      'checkpoint',
      ({ capsules }) => capsules.checkpoint(id, { name: 'mine' }, call),
      { method: 'POST', path: `${path}/checkpoint`, body: { name: 'mine' } },
    ],
    [
      'a snapshot',
      ({ snapshots }) => snapshots.create({ capsuleId: id, name: 'mine' }, call),
      { method: 'POST', path: '/v1/snapshots', body: { sandbox_id: id, name: 'mine' } },
    ],
  ];

  it.each(cases)('for %s has the names of the wire and the idempotency key', async (_name, act, expected) => {
    const { client, sent } = clientOf({});
    await act(client);
    expect(sent).toEqual([{ ...expected, key: 'once' }]);
  });

  it('has no key and no names where none were given', async () => {
    const { client, sent } = clientOf({});
    await client.capsules.fork(id);
    await client.snapshots.create({ capsuleId: id });
    expect(sent.map(({ body, key }) => [body, key])).toEqual([
      [{}, null],
      [{ sandbox_id: id }, null],
    ]);
  });

  it('for reads and deletes is a path alone', async () => {
    const reading = clientOf([]);
    await reading.client.snapshots.list();
    await reading.client.snapshots.list({ type: 'base' });
    await reading.client.jobs.get('job-1');
    const deleting = clientOf(undefined);
    await deleting.client.capsules.ping(id);
    await deleting.client.snapshots.delete('a/b');
    expect([...reading.sent, ...deleting.sent].map((each) => [each.method, each.path, each.body])).toEqual([
      ['GET', '/v1/snapshots', undefined],
      ['GET', '/v1/snapshots?type=base', undefined],
      ['GET', '/v1/jobs/job-1', undefined],
      ['POST', `${path}/ping`, undefined],
      ['DELETE', '/v1/snapshots/a%2Fb', undefined],
    ]);
  });
});

describe('what comes back', () => {
  it('of a pause says what it cost', async () => {
    const { client } = clientOf({
      id,
      status: 'paused',
      auto_resume: false,
      paused_at: '2026-01-01T00:00:00Z',
      job_id: 'job-1',
      steps: [{ name: 'capture', duration_ms: 2 }],
      still_ms: 1,
      memory_bytes: 2,
      disk_bytes: 3,
    });
    expect(await client.capsules.pause(id)).toEqual({
      id,
      status: 'paused',
      autoResume: false,
      pausedAt: new Date('2026-01-01T00:00:00Z'),
      jobId: 'job-1',
      steps: [{ name: 'capture', durationMs: 2 }],
      stillMs: 1,
      memoryBytes: 2,
      diskBytes: 3,
    });
  });

  it('of a resume has the receipt in the words of the guest', async () => {
    const receipt = { clock_step_ms: 7, ports_closed: [22] };
    const { client } = clientOf({ id, job_id: 'job-1', steps: [], receipt });
    expect((await client.capsules.resume(id)).receipt).toEqual(receipt);
  });

  it('of a fork says which children run and which do not', async () => {
    const failed = [{ id: 'cl-2', code: 'no_space', message: 'no space' }];
    const { client } = clientOf({ job_id: 'job-1', capsules: [{ id }], failed, steps: [], still_ms: 4 });
    const forked = await client.capsules.fork(id, { count: 2 });
    expect(forked).toEqual({ jobId: 'job-1', capsules: [{ id }], failed, steps: [], stillMs: 4 });
  });

  it('of a job has its result as the server gave it', async () => {
    const { client } = clientOf({
      id: 'job-1',
      kind: 'pause',
      status: 'succeeded',
      capsule_id: id,
      finished_at: '2026-01-01T00:00:00Z',
      result: { still_ms: 1 },
    });
    expect(await client.jobs.get('job-1')).toEqual({
      id: 'job-1',
      kind: 'pause',
      status: 'succeeded',
      capsuleId: id,
      finishedAt: new Date('2026-01-01T00:00:00Z'),
      result: { still_ms: 1 },
    });
  });
});
