import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { abortable, deadline } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import {
  capsule,
  end,
  type FakeApi,
  failedChild,
  key,
  output,
  snapshot,
  startFakeApi,
} from './testing/fake-api.ts';

const entry = fileURLToPath(new URL('main.ts', import.meta.url));
const create = 'POST /v1/capsules';
const exec = `POST /v1/capsules/${capsule.id}/exec`;
const destroy = `DELETE /v1/capsules/${capsule.id}`;

describe('wrenn run', () => {
  it('passes output and exit code of the command through, and destroys its capsule', async () => {
    await using api = await startFakeApi({
      events: [output('stdout', 'out'), output('stderr', 'err'), end(42)],
    });
    const result = await finished(start(api, ['run', '--', 'sh', '-c', 'exit 42']), 'in\n');
    expect(result).toEqual({ code: 42, stdout: 'out', stderr: 'err' });
    expect(linesOf(api)).toEqual([create, exec, destroy]);
  });

  it('gives the command its arguments as they are, also those that look like options', async () => {
    await using api = await startFakeApi({});
    await finished(start(api, ['run', '-e', 'A=b=c', '--cwd', '/', '--', 'ls', '--json', '-la']), 'bytes');
    expect(api.requests[1]?.body).toMatchObject({
      cmd: 'ls',
      args: ['--json', '-la'],
      cwd: '/',
      envs: { A: 'b=c' },
      timeout_sec: 0,
    });
  });

  it('gives the command its standard input, byte for byte', async () => {
    await using api = await startFakeApi({});
    const bytes = Buffer.from([0, 255, 10, 128]);
    await finished(start(api, ['run', 'cat']), bytes);
    const expected = { stdin: bytes.toString('base64'), stdin_encoding: 'base64' };
    expect(api.requests[1]?.body).toMatchObject(expected);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('destroys its capsule on %s', async (signal) => {
    await using api = await startFakeApi({ events: [output('stdout', 'x')], afterEvents: 'hang' });
    const child = start(api, ['run', '--no-stdin', 'sleep', '100']);
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await finished(child)).toMatchObject({ code: 130 });
    expect(linesOf(api).at(-1)).toBe(destroy);
  });

  it('destroys its capsule when nobody reads the output any more', async () => {
    const lines = Array.from({ length: 200 }, () => output('stdout', 'y\n'.repeat(5_000)));
    await using api = await startFakeApi({ events: lines, afterEvents: 'hang' });
    const child = start(api, ['run', '--no-stdin', 'yes']);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    expect(linesOf(api).at(-1)).toBe(destroy);
  });

  it('says why a command was not run, and exits as a shell does', async () => {
    await using api = await startFakeApi({ events: [end(127, 'exited', 'nosuch: command not found')] });
    const result = await finished(start(api, ['run', 'nosuch']), '');
    expect(result).toEqual({ code: 127, stdout: '', stderr: 'wrenn: nosuch: command not found\n' });
  });

  it('fails when the end of the command was not seen', async () => {
    await using api = await startFakeApi({ events: [output('stdout', 'half')] });
    const result = await finished(start(api, ['run', 'cat']), '');
    expect(result).toMatchObject({ code: 3, stdout: 'half' });
    expect(linesOf(api).at(-1)).toBe(destroy);
  });
});

describe('wrenn capsule', () => {
  it('creates one that is paused when nobody uses it, and resumed when somebody does', async () => {
    await using api = await startFakeApi({});
    await finished(start(api, ['capsule', 'create', '--timeout', '60', '--auto-resume']), '');
    expect(api.requests[0]?.body).toEqual({ timeout_sec: 60, auto_resume: true });
  });

  it.each([
    ['pause', `POST /v1/capsules/${capsule.id}/pause`],
    ['resume', `POST /v1/capsules/${capsule.id}/resume`],
    ['rm', destroy],
  ])('%s goes on after one that failed, and ends with its exit code', async (action, line) => {
    await using api = await startFakeApi({});
    const { code, stdout, stderr } = await finished(start(api, ['capsule', action, 'cl-1', capsule.id]), '');
    expect({ code, stdout }).toEqual({ code: 5, stdout: `${capsule.id}\n` });
    expect(stderr).toBe('wrenn: cl-1: there is no such capsule\n');
    expect(linesOf(api).at(-1)).toBe(line);
  });

  it('prints what was done and what failed as one JSON value', async () => {
    await using api = await startFakeApi({});
    const { stdout } = await finished(start(api, ['capsule', 'pause', '--json', capsule.id, 'cl-1']), '');
    expect(JSON.parse(stdout)).toMatchObject({
      paused: [{ id: capsule.id, status: 'paused', stillMs: 1, memoryBytes: 2, diskBytes: 3 }],
      failed: [{ name: 'cl-1', code: 'not_found' }],
    });
  });

  it('resumes with another timeout', async () => {
    await using api = await startFakeApi({});
    await finished(start(api, ['capsule', 'resume', '--timeout', '0', capsule.id]), '');
    expect(api.requests[0]?.body).toEqual({ timeout_sec: 0 });
  });

  it('forks, and prints the IDs of the children', async () => {
    await using api = await startFakeApi({});
    const result = await finished(start(api, ['capsule', 'fork', capsule.id, '-n', '3']), '');
    expect(result).toEqual({ code: 0, stdout: `${capsule.id}\n`, stderr: '' });
    expect(api.requests[0]?.body).toEqual({ count: 3 });
  });

  it('prints the children that run, says which do not, and fails', async () => {
    await using api = await startFakeApi({ failed: [failedChild] });
    const result = await finished(start(api, ['capsule', 'fork', capsule.id, '-n', '2']), '');
    expect(result).toMatchObject({ code: 1, stdout: `${capsule.id}\n` });
    expect(result.stderr).toContain(failedChild.id);
  });
});

describe('wrenn capsule port', () => {
  it('prints the ports that something listens on, one a line', async () => {
    await using api = await startFakeApi({});
    const result = await finished(start(api, ['capsule', 'port', capsule.id]), '');
    expect(result).toEqual({ code: 0, stdout: '3000\n8000\n', stderr: '' });
  });

  it('prints the address of a port that is public, and a link where one that ends is asked for', async () => {
    await using api = await startFakeApi({});
    const words = ['capsule', 'port', capsule.id, '8000'];
    const address = await finished(start(api, words), '');
    expect(address.stdout).toBe('http://8000-cl.localhost/\n');
    const link = await finished(start(api, [...words, '--expires', '60']), '');
    expect(link.stdout).toBe('http://8000-cl.localhost/?wrenn_access=x\n');
    expect(api.requests.at(-1)?.body).toEqual({ expires_in_sec: 60 });
  });

  it('says that a time is of a port, where none is given', async () => {
    await using api = await startFakeApi({});
    const result = await finished(start(api, ['capsule', 'port', capsule.id, '--expires', '60']), '');
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('--expires') });
  });
});

describe('wrenn snapshot', () => {
  it('creates one, and prints its name', async () => {
    await using api = await startFakeApi({});
    const result = await finished(start(api, ['snapshot', 'create', capsule.id, 'mine']), '');
    expect(result).toEqual({ code: 0, stdout: 'mine\n', stderr: '' });
    expect(api.requests[0]?.body).toEqual({ sandbox_id: capsule.id, name: 'mine' });
  });

  it('lists them with whose they are and how large', async () => {
    await using api = await startFakeApi({});
    const { stdout } = await finished(start(api, ['snapshot', 'ls']), '');
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +TYPE +OWNER +VCPUS +MEMORY +SIZE +AGE$/);
    expect(rows[0]).toMatch(/^mine +snapshot +team +1 +512 MiB +35\.2 MiB +\d/);
    expect(rows[1]).toMatch(/^minimal +base +platform +- +- +0 B +\d/);
  });

  it('lists those of one type', async () => {
    await using api = await startFakeApi({});
    const { stdout } = await finished(start(api, ['snapshot', 'ls', '--type', 'base', '--json']), '');
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'minimal', platform: true }]);
  });

  it('deletes several, also after one that failed', async () => {
    await using api = await startFakeApi({});
    const result = await finished(start(api, ['snapshot', 'rm', 'none', snapshot.name]), '');
    expect(result).toMatchObject({ code: 5, stdout: `${snapshot.name}\n` });
  });
});

describe('wrenn usage', () => {
  it('prints days in a table, and as JSON', async () => {
    await using api = await startFakeApi({});
    const args = ['usage', '--from', '2026-01-01'];
    const { stdout } = await finished(start(api, args), '');
    expect(stdout).toMatchInlineSnapshot(`
      "DAY         CPU MINUTES  MEMORY GIB MINUTES
      2026-01-02  90.50        45.25
      "
    `);
    const printed = await finished(start(api, [...args, '--json']), '');
    expect(JSON.parse(printed.stdout)).toMatchObject({ points: [{ cpuMinutes: 90.5 }] });
  });
});

describe('exit codes', () => {
  it.each([
    ['2 for a wrong usage', ['run'], 2],
    ['2 for an unknown option', ['capsule', 'ls', '--nonsense'], 2],
    ['2 for a type of snapshots that there is not', ['snapshot', 'ls', '--type', 'nonsense'], 2],
    ['0 for help', ['--help'], 0],
    ['4 for a wrong key', ['capsule', 'ls', '--api-key', 'wrong'], 4],
    ['5 for what is not there', ['capsule', 'rm', 'cl-1'], 5],
    [
      '3 for a server that is not there',
      ['capsule', 'ls', '--url', 'http://127.0.0.1:9', '--api-key', key],
      3,
    ],
    ['2 for options of exec behind the ID', ['capsule', 'exec', capsule.id, '--json', 'id'], 2],
  ])('are %s', async (_name, args, code) => {
    await using api = await startFakeApi({});
    expect((await finished(start(api, args), '')).code).toBe(code);
  });
});

function linesOf({ requests }: FakeApi): string[] {
  return requests.map(({ line }) => line);
}

function start({ url }: FakeApi, args: readonly string[]): ChildProcessWithoutNullStreams {
  const { NO_COLOR: _, ...environment } = process.env;
  return spawn(process.execPath, [entry, ...args], {
    env: { ...environment, WRENN_BASE_URL: url, WRENN_API_KEY: key, WRENN_DIR: '/nonexistent' },
  });
}

async function finished(child: ChildProcessWithoutNullStreams, input?: string | Uint8Array) {
  const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
  if (input !== undefined) child.stdin.end(input);
  using limit = deadline(30_000, 'waiting for wrenn');
  // By then all that it printed has come, which at its exit it need not have.
  const [code] = await abortable(once(child, 'close'), limit);
  const text = (name: 'stdout' | 'stderr') => Buffer.concat(chunks[name]).toString();
  return { code, stdout: text('stdout'), stderr: text('stderr') };
}
