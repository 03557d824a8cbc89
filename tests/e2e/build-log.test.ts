import { expect, it } from 'vitest';
import { type Followed, followRaw } from '../support/build-events.ts';
import { build, capsulesOf, ended, leavesNoCapsule, templateName } from '../support/builds.ts';
import { call, client } from '../support/client.ts';

/** Prints, and then goes on when a file is there: whoever has seen what it printed has seen it while it ran. */
const waits = 'RUN echo begun; until [ -e /tmp/go ]; do sleep 0.2; done; echo over >&2';

const textOf = (events: readonly Followed[], name: string) =>
  events
    .filter((event) => event.name === name)
    .map(({ data }) => data['text'])
    .join('');

it('the log of a build is followed while it runs, and again after what was seen of it', async () => {
  const { builds, files, snapshots } = client();
  const name = templateName('followed');
  const { id } = await builds.submit({ name, recipe: `\n${waits}`, skipPrePost: true });
  const seen = await followRaw(id, { until: ({ name: what }) => what === 'stdout' });
  expect(seen.map((event) => event.id)).toEqual(seen.map((_, at) => at + 1));
  const begins = seen.filter((event) => event.name === 'begin');
  expect(begins.map(({ data }) => data)).toMatchObject([
    { step: 1, phase: 'base', line: 0, text: 'FROM minimal' },
    { step: 2, phase: 'recipe', line: 2, text: waits },
  ]);
  expect(await builds.get(id)).toMatchObject({ status: 'running', currentStep: 2, totalSteps: 3 });

  const [capsule = ''] = await capsulesOf({ id });
  await files.write(capsule, '/tmp/go', '');
  const rest = await followRaw(id, { after: seen.length });
  expect(rest[0]?.id).toBe(seen.length + 1);
  expect(textOf(rest, 'stdout')).toBe('');
  expect(textOf(rest, 'stderr')).toBe('over\n');
  expect(rest.at(-2)).toMatchObject({ name: 'end', data: { step: 3, ok: true, cached: false } });
  expect(rest.at(-1)).toMatchObject({ name: 'over', data: { id, status: 'success', name } });
  expect(await followRaw(id, { after: rest.at(-2)?.id ?? 0 })).toEqual(rest.slice(-1));
  await leavesNoCapsule({ id });
  await snapshots.delete(name);
});

it('a build that is cancelled in the middle of a command ends, and its capsule with it', async () => {
  const { builds, snapshots } = client();
  const name = templateName('cancelled');
  const { id } = await builds.submit({ name, recipe: `RUN echo first\n${waits}`, skipPrePost: true });
  await followRaw(id, { until: ({ data }) => data['text'] === 'begun\n' });
  expect(await capsulesOf({ id })).toHaveLength(1);
  await builds.cancel(id);
  expect(await ended(id)).toMatchObject({
    status: 'cancelled',
    error: { code: 'cancelled' },
    logs: [{}, { ok: true }, { line: 2, stdout: 'begun\n', ok: false }],
  });
  await leavesNoCapsule({ id });
  expect((await snapshots.list()).map((snapshot) => snapshot.name)).not.toContain(name);
  expect(await call('POST', `/v1/builds/${id}/cancel`)).toMatchObject({ status: 409 });

  const again = await build({ name, recipe: 'RUN echo first' });
  expect(again.logs?.[1]).toMatchObject({ cmd: 'RUN echo first', cached: true });
  await snapshots.delete(name);
});

it('a build is listed, and is not there for whoever asks for another', async () => {
  const name = templateName('refused');
  const refused = await build({ name, recipe: 'RUN false' });
  const listed = await client().builds.list({ limit: 200 });
  expect(listed.find(({ id }) => id === refused.id)).toMatchObject({ name, status: 'failed' });
  const unknown = `bld-${'0'.repeat(24)}1`;
  expect(await call('GET', `/v1/builds/${unknown}`)).toMatchObject({ status: 404 });
  expect(await call('GET', `/v1/builds/${unknown}/logs`)).toMatchObject({ status: 404 });
});
