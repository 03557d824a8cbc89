import { request } from 'node:http';
import { FakeHost } from '@wrenn/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { BuildClient } from './testing/build-client.ts';

/** Without what only a guest has: commands are those of the fake host, and nothing is copied. */
const simple = { skip_pre_post: true, recipe: 'RUN ["echo", "one"]\nENV A=1\nRUN ["warn", "two"]' };

describeOnPostgres('builds', { startAgent: (tls) => FakeHost.start(tls) }, (server) => {
  let builds: BuildClient;
  beforeAll(async () => {
    builds = new BuildClient(server());
  });

  it('do one step after the other, and end in a template that capsules are made from', async () => {
    const build = await builds.built({ ...simple, name: 'first' });
    expect(build).toMatchObject({ status: 'success', current_step: 5, total_steps: 5 });
    expect(build.logs).toMatchObject([
      { step: 1, phase: 'base', cmd: 'FROM minimal', ok: true },
      { step: 2, phase: 'recipe', line: 1, stdout: 'one\n', exit: 0, ok: true, cached: false },
      { step: 3, line: 2, cmd: 'ENV A=1', ok: true },
      { step: 4, line: 3, stderr: 'two\n', exit: 0, ok: true, cached: false },
      { step: 5, phase: 'start', ok: true },
    ]);
    const made = await fetch(`${server().url}/v1/capsules`, {
      method: 'POST',
      headers: { 'x-api-key': server().apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ template: 'first' }),
    });
    expect(made.status).toBe(201);
    const request = [...server().agent.guests.values()].at(-1)?.request;
    expect(request).toMatchObject({
      defaultUser: 'user',
      defaultEnv: { A: '1' },
      defaultWorkdir: '/home/user',
    });
  });

  it('leave no capsule of their own', async () => {
    await builds.built({ ...simple, name: 'tidy' });
    const left = await server()
      .controlPlane.context.database.selectFrom('capsules')
      .select('status')
      .where('build_id', 'is not', null)
      .where('status', '!=', 'stopped')
      .execute();
    expect(left).toEqual([]);
  });

  it('do no step again that was done before, and of a changed line only what follows it', async () => {
    const recipe = ['RUN ["echo", "cache"]', 'RUN ["echo", "old"]'];
    await builds.built({ skip_pre_post: true, name: 'cache', recipe });
    const again = await builds.built({ skip_pre_post: true, name: 'cache', recipe });
    expect(again.logs?.map(({ cached }) => cached)).toEqual([true, true, true, false]);
    const changed = await builds.built({
      skip_pre_post: true,
      name: 'cache',
      recipe: [recipe[0], 'RUN ["echo", "new"]'],
    });
    expect(changed.logs?.map(({ cached }) => cached)).toEqual([true, true, false, false]);
    expect(changed.logs?.[2]?.stdout).toBe('new\n');
  });

  it('do all of it again when they are told to', async () => {
    const body = { ...simple, name: 'anew' };
    await builds.built(body);
    const again = await builds.built({ ...body, no_cache: true });
    expect(again.logs?.filter(({ phase }) => phase === 'recipe').map(({ cached }) => cached)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('fail with the step, the line and the reason, and leave the earlier template of the name', async () => {
    await builds.built({ ...simple, name: 'kept' });
    const failed = await builds.built({
      ...{ name: 'kept', skip_pre_post: true },
      recipe: 'RUN ["echo", "fine"]\n\nRUN ["false"]\nRUN ["echo", "never"]',
    });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'invalid_request' } });
    expect(failed.error?.message).toContain(
      'step 3 (line 3, RUN ["false"]): the command failed: it exited with 1',
    );
    expect(failed.logs?.at(-1)).toMatchObject({ step: 3, ok: false, exit: 1 });
    const templates = await server()
      .controlPlane.context.database.selectFrom('templates')
      .select('name')
      .where('name', '=', 'kept')
      .where('deleted_at', 'is', null)
      .where('ready_at', 'is not', null)
      .execute();
    expect(templates).toHaveLength(1);
  });

  it('say of a character that a step was cut off in that it is none, and begin the next one anew', async () => {
    const recipe = ['RUN ["bytes", "97", "226", "130"]', 'RUN ["echo", "next"]'];
    const { logs } = await builds.built({ skip_pre_post: true, name: 'cut-off', recipe });
    expect(logs?.slice(1, 3).map(({ stdout }) => stdout)).toEqual(['a\uFFFD', 'next\n']);
  });

  it('end a command that takes too long', async () => {
    const late = await builds.built({
      name: 'late',
      skip_pre_post: true,
      recipe: 'RUN --timeout=1s ["hang"]',
    });
    expect(late).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
    expect(late.error?.message).toContain('longer than 1 s');
  });

  it('end when they are cancelled, also in the middle of a command', async () => {
    const id = await builds.submitted({
      name: 'gone',
      skip_pre_post: true,
      recipe: 'RUN ["sleep", "600"]',
    });
    await builds.events(
      id,
      '',
      ({ event, data }) => event === 'begin' && JSON.stringify(data).includes('sleep'),
    );
    expect((await builds.call(`/${id}/cancel`, { method: 'POST' })).status).toBe(204);
    expect(await builds.ended(id)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
    expect((await builds.call(`/${id}/cancel`, { method: 'POST' })).status).toBe(409);
  });

  it('tell their log as it grows, and from any entry on', async () => {
    const id = await builds.submitted({ ...simple, name: 'told', no_cache: true });
    const events = await builds.events(id);
    expect(events.map(({ event }) => event)).toEqual([
      ...[
        'begin',
        'end',
        'begin',
        'stdout',
        'end',
        'begin',
        'end',
        'begin',
        'stderr',
        'end',
        'begin',
        'end',
        'over',
      ],
    ]);
    expect(events.at(-1)?.data).toMatchObject({ id, status: 'success' });
    expect(await builds.events(id, '?after=10')).toEqual(events.slice(10));
  });

  it('are refused before they begin for what can be known then, with line and column', async () => {
    const wrong = await builds.submit({ name: 'wrong', recipe: 'RUN true\nFETCH x' });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({
      error: {
        field: 'recipe',
        message: expect.stringContaining('line 2, column 1'),
        problems: [{ line: 2, column: 1, message: expect.any(String), remedy: expect.any(String) }],
      },
    });
    for (const [body, field] of [
      [{ name: 'minimal', recipe: 'RUN true' }, 'name'],
      [{ name: '../x', recipe: 'RUN true' }, 'name'],
      [{ name: 'x', recipe: 'COPY a /b' }, 'archive'],
      [{ name: 'x', recipe: 'RUN true', args: { NOBODY: '1' } }, 'args'],
      [{ name: 'x', recipe: 'RUN true', healthcheck: '--interval=soon true' }, 'healthcheck'],
      [{ name: 'x', recipe: 'RUN true', surprise: 1 }, 'body'],
    ] as const) {
      const answer = await builds.submit(body);
      expect(await answer.json(), JSON.stringify(body)).toMatchObject({ error: { field } });
    }
  });

  describe('that come as a form', () => {
    const archives = () =>
      server().controlPlane.context.database.selectFrom('archives').select('id').execute();
    const form = (...parts: (readonly [string, string | Blob, string?])[]) => {
      const body = new FormData();
      for (const [name, value, file] of parts)
        if (typeof value === 'string') body.append(name, value);
        else body.append(name, value, file);
      return builds.call('', { method: 'POST', body });
    };
    const config = JSON.stringify({ ...simple, name: 'form' });
    const archive = new Blob(['not looked at before it is copied from']);

    it('are taken with their config as text, or as a file', async () => {
      for (const sent of [config, new Blob([config], { type: 'application/json' })]) {
        const answer = await form(['config', sent, 'config.json'], ['archive', archive, 'a.tar']);
        expect(answer.status).toBe(201);
        await builds.ended(z.object({ id: z.string() }).parse(await answer.json()).id);
      }
      await expect.poll(archives).toEqual([]);
    });

    it('are refused, with nothing kept, for parts that are wrong or in another order', async () => {
      for (const [field, ...parts] of [
        ['config', ['archive', archive, 'a.tar'], ['config', config]],
        ['config', ['archive', archive, 'a.tar']],
        ['archive', ['config', config], ['archive', archive, 'a.tar'], ['archive', archive, 'b.tar']],
        ['other', ['config', config], ['archive', archive, 'a.tar'], ['other', archive, 'b.tar']],
        ['name', ['config', '{}'], ['archive', archive, 'a.tar']],
      ] as [string, ...(readonly [string, string | Blob, string?])[]][]) {
        const answer = await form(...parts);
        expect(await answer.json()).toMatchObject({ error: { code: 'invalid_request', field } });
      }
      await expect.poll(archives).toEqual([]);
    });

    it('leave nothing when their client goes away in the middle of the archive', async () => {
      const { hostname, port } = new URL(server().url);
      const head = `--b\r\ncontent-disposition: form-data; name="config"\r\n\r\n${config}\r\n--b\r\ncontent-disposition: form-data; name="archive"; filename="a"\r\n\r\n`;
      const sent = request({
        ...{ hostname, port, path: '/v1/builds', method: 'POST' },
        headers: { 'x-api-key': server().apiKey, 'content-type': 'multipart/form-data; boundary=b' },
      });
      sent.on('error', () => undefined);
      sent.write(head + 'x'.repeat(2_000_000));
      await expect.poll(async () => (await archives()).length).toBe(1);
      sent.destroy();
      await expect.poll(archives).toEqual([]);
    });
  });

  it('of a base that is not there fail at once, and say so', async () => {
    const build = await builds.built({
      name: 'baseless',
      recipe: 'FROM nobodys\nRUN ["true"]',
      skip_pre_post: true,
    });
    expect(build).toMatchObject({ status: 'failed', error: { code: 'not_found' } });
    expect(build.error?.message).toContain('line 1');
  });

  it('show no credentials, and keep none when they are over', async () => {
    const credentials = { 'registry.example': { username: 'me', password: 'a-secret-of-mine' } };
    const build = await builds.built({ ...simple, name: 'secret', credentials });
    expect(JSON.stringify(build)).not.toContain('a-secret-of-mine');
    const rows = await server()
      .controlPlane.context.database.selectFrom('builds')
      .select(['credentials', 'request'])
      .where('name', '=', 'secret')
      .execute();
    expect(rows.map(({ credentials: kept }) => kept)).toEqual([null]);
    expect(JSON.stringify(rows)).not.toContain('a-secret-of-mine');
  });
});
