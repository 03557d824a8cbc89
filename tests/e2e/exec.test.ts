import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, client } from '../support/client.ts';

let id: string;
beforeAll(async () => {
  ({ id } = await client().capsules.create({ envs: { FROM_CREATE: 'yes' } }));
});
afterAll(() => client().capsules.destroy(id));

const shell = (script: string, more: object = {}) =>
  call('POST', `/v1/capsules/${id}/exec`, { cmd: 'sh', args: ['-c', script], ...more });

describe('exec', () => {
  it('gives back both streams and the exit code', async () => {
    expect(await shell('echo out; echo err >&2; exit 3')).toMatchObject({
      status: 200,
      body: { stdout: 'out\n', stderr: 'err\n', exit_code: 3, outcome: 'exited', encoding: 'utf-8' },
    });
  });

  it('runs in the directory, with the environment and as the user that are asked for', async () => {
    const { body } = await shell('pwd; echo $COLOUR $FROM_CREATE; id -un; echo $HOME', {
      cwd: '/tmp',
      envs: { COLOUR: 'blue' },
      user: 'user',
    });
    expect(body).toMatchObject({ stdout: '/tmp\nblue yes\nuser\n/home/user\n', exit_code: 0 });
  });

  it('lets the user become root without a password', async () => {
    expect(await shell('sudo id -u', { user: 'user' })).toMatchObject({
      body: { stdout: '0\n', exit_code: 0 },
    });
  });

  it('gives the command its input, and then the end of it', async () => {
    expect(await shell('wc -c', { stdin: 'x'.repeat(100_000) })).toMatchObject({
      body: { stdout: '100000\n' },
    });
  });

  it('answers 127 for an unknown command, as a shell would', async () => {
    const answer = await call('POST', `/v1/capsules/${id}/exec`, { cmd: 'no-such-command' });
    expect(answer).toMatchObject({ status: 200, body: { exit_code: 127, outcome: 'exited' } });
  });

  it('says when a signal ended the command', async () => {
    expect(await shell('kill -9 $$')).toMatchObject({ body: { exit_code: 137, outcome: 'killed' } });
  });

  it('ends a command that runs too long, and keeps what it printed', async () => {
    const { status, body } = await shell('echo before; sleep 60', { timeout_sec: 8 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ stdout: 'before\n', outcome: 'timed_out', exit_code: 124 });
  });

  it('keeps binary output byte for byte', async () => {
    const { body } = await shell("printf '\\000\\377\\376abc'");
    expect(body).toMatchObject({
      encoding: 'base64',
      stdout: Buffer.from([0, 255, 254, 97, 98, 99]).toString('base64'),
    });
  });

  it('keeps the first 8 MiB of 30 MB, and says that there was more', async () => {
    const { body } = await shell('head -c 30000000 /dev/zero | tr "\\0" x', { timeout_sec: 110 });
    const { stdout, ...rest } = body as { stdout: string };
    expect(rest).toMatchObject({ stdout_truncated: true, stderr_truncated: false, exit_code: 0 });
    expect(stdout).toHaveLength(8 * 1024 * 1024);
  });

  it('streams more than it would keep', async () => {
    let bytes = 0;
    let end: object | undefined;
    const command = { cmd: 'head', args: ['-c', '10000000', '/dev/zero'], timeoutSec: 100 };
    for await (const event of client().capsules.execStream(id, command)) {
      if (event.type === 'stdout') bytes += event.data.length;
      if (event.type === 'end') end = event;
    }
    expect(bytes).toBe(10_000_000);
    expect(end).toMatchObject({ exitCode: 0, outcome: 'exited' });
  });

  it.each([
    ['no command', {}, 'cmd'],
    ['arguments that are no list', { cmd: 'true', args: 'x' }, 'args'],
    ['a negative timeout', { cmd: 'true', timeout_sec: -5 }, 'timeout_sec'],
    ['an unknown field', { cmd: 'true', shell: true }, 'shell'],
  ])('refuses %s', async (_what, body, field) => {
    const answer = await call('POST', `/v1/capsules/${id}/exec`, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(field);
  });

  it.each([
    ['an unknown user', { user: 'nobody-here' }],
    ['a directory that is not there', { cwd: '/no/such/directory' }],
  ])('refuses %s as a bad request', async (_what, more) => {
    expect(await shell('true', more)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request' } },
    });
  });

  it('finds no capsule under another ID', async () => {
    const unknown = `cl-${'0'.repeat(24)}1`;
    expect(await call('POST', `/v1/capsules/${unknown}/exec`, { cmd: 'true' })).toMatchObject({
      status: 404,
    });
  });
});
