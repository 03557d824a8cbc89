import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { abortable, deadline } from '@wrenn/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { buildId, type FakeBuilds, password, sessionToken, startFakeBuilds } from '../testing/fake-builds.ts';

const entry = fileURLToPath(new URL('../main.ts', import.meta.url));
const entries = [
  { name: 'begin', body: { phase: 'recipe', line: 1, text: 'RUN make' } },
  { name: 'stdout', body: { text: 'made\n' } },
];
const ended = { name: 'end', body: { ok: true, elapsedMs: 1_000, cached: false, exit: 0 } };

let folder: string;
let installation: string;
beforeEach(async (context) => {
  const scratch = await mkdtemp(join(tmpdir(), 'wrenn-template-'));
  context.onTestFinished(() => rm(scratch, { recursive: true }));
  [folder, installation] = [join(scratch, 'tools'), join(scratch, 'wrenn')];
  await mkdir(folder);
  await mkdir(installation);
  await write('recipe', 'RUN make\n');
});
const write = (name: string, content: string) => writeFile(join(folder, name), content);

describe('wrenn template build', () => {
  it('shows the log on standard error, and prints the name of the template', async () => {
    await using api = await startFakeBuilds({ entries: [...entries, ended] });
    const { code, stdout, stderr } = await finished(start(api, ['build', folder]));
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'tools\n' });
    expect(stderr).toContain('[1/4] RUN make\n      made\n      1.0 s\n');
    expect(api.requests[0]).toMatchObject({
      line: 'POST /v1/builds',
      config: { name: 'tools', recipe: 'RUN make\n', format: 'recipe' },
      archive: undefined,
    });
  });

  it('asks for what template.json says, unless a flag says otherwise', async () => {
    await using api = await startFakeBuilds();
    await write('template.json', '{"name": "mine", "vcpus": 2, "memory_mb": 1024, "skip_pre_post": true}');
    const flags = ['--memory', '2048', '--arg', 'A=b=c', '--target', 'last', '--no-cache', '--timeout', '60'];
    const others = ['--healthcheck', 'true', '--tag', 'v1', '--tag', 'latest', '--image'];
    await finished(start(api, ['build', folder, ...flags, ...others]));
    expect(api.requests[0]?.config).toEqual({
      name: 'mine',
      tags: ['v1', 'latest'],
      recipe: 'RUN make\n',
      format: 'recipe',
      result: 'image',
      vcpus: 2,
      memory_mb: 2048,
      skip_pre_post: true,
      args: { A: 'b=c' },
      target: 'last',
      no_cache: true,
      timeout_sec: 60,
      healthcheck: 'true',
    });
  });

  it('sends the folder that a recipe copies from', async () => {
    await using api = await startFakeBuilds();
    await write('recipe', 'COPY app.py /app/\n');
    await write('app.py', 'print(1)\n');
    expect(await finished(start(api, ['build', folder]))).toMatchObject({ code: 0, stdout: 'tools\n' });
    const packed = join(installation, 'sent.tar.gz');
    await writeFile(packed, api.requests[0]?.archive ?? '');
    const { stdout } = await promisify(execFile)('tar', ['-xzOf', packed, 'app.py']);
    expect(stdout).toBe('print(1)\n');
  });

  it('says why a build failed', async () => {
    const error = {
      code: 'invalid_request',
      message: 'step 1 (line 1, RUN make): the command failed: exit code 2',
      remedy: 'see what it wrote',
      retryable: false,
    };
    await using api = await startFakeBuilds({ entries, ending: { status: 'failed', error } });
    const { code, stdout, stderr } = await finished(start(api, ['build', folder]));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`wrenn: ${error.message}; ${error.remedy}\n`);
  });

  it('cancels the build when it is interrupted', async () => {
    await using api = await startFakeBuilds({ entries, afterEntries: 'hang' });
    const child = start(api, ['build', folder]);
    await seen(child, 'made');
    child.kill('SIGINT');
    expect(await finished(child)).toMatchObject({ code: 130, stdout: '' });
    expect(linesOf(api).at(-1)).toBe(`POST /v1/builds/${buildId}/cancel`);
  });

  it('prints the ID of the build, and does not wait for it, with --detach', async () => {
    await using api = await startFakeBuilds();
    expect(await finished(start(api, ['build', '--detach', folder]))).toMatchObject({
      code: 0,
      stdout: `${buildId}\n`,
    });
    expect(linesOf(api)).toEqual(['POST /v1/builds']);
  });

  it('prints the build as one JSON value with --json', async () => {
    await using api = await startFakeBuilds({ entries });
    const { stdout } = await finished(start(api, ['build', '--json', folder]));
    expect(JSON.parse(stdout)).toMatchObject({ id: buildId, status: 'success' });
  });

  it('of a folder without a recipe is a wrong usage', async () => {
    await using api = await startFakeBuilds();
    await rm(join(folder, 'recipe'));
    expect(await finished(start(api, ['build', folder]))).toMatchObject({ code: 2 });
    expect(api.requests).toEqual([]);
  });
});

describe('wrenn template build --platform', () => {
  const signedIn = async (api: FakeBuilds, text = password) => {
    await writeFile(join(installation, 'address'), `${api.url}\n`);
    await writeFile(join(installation, 'admin-password'), `${text}\n`);
  };

  it('signs in with the password of this machine, and out again', async () => {
    await using api = await startFakeBuilds({ entries });
    await signedIn(api);
    const child = start(api, ['build', '--platform', folder]);
    expect(await finished(child)).toMatchObject({ code: 0, stdout: 'tools\n' });
    expect(api.requests.map(({ line, credential }) => [line, credential])).toEqual([
      ['POST /v1/auth/login', ''],
      ['POST /v1/admin/builds', sessionToken],
      [`GET /v1/admin/builds/${buildId}/logs`, sessionToken],
      ['POST /v1/auth/logout', sessionToken],
    ]);
    expect(api.requests[0]?.config).toEqual({ email: 'admin@localhost', password });
  });

  it('uses the token of a session where one is given', async () => {
    await using api = await startFakeBuilds();
    const child = start(api, ['build', '--platform', '--api-key', 'a.b.c', folder]);
    expect(await finished(child)).toMatchObject({ code: 0 });
    expect(api.requests.map(({ credential }) => credential)).toEqual(['a.b.c', 'a.b.c']);
  });

  it('says what to do where the password was changed', async () => {
    await using api = await startFakeBuilds();
    await signedIn(api, 'an old password');
    const { code, stderr } = await finished(start(api, ['build', '--platform', folder]));
    expect(code).toBe(4);
    expect(stderr).toContain('set WRENN_API_KEY to the token of the session');
  });

  it('sends the password to no other server', async () => {
    await using api = await startFakeBuilds();
    await signedIn(api);
    await writeFile(join(installation, 'address'), 'http://127.0.0.1:9\n');
    expect(await finished(start(api, ['build', '--platform', folder]))).toMatchObject({ code: 4 });
    expect(api.requests).toEqual([]);
  });
});

describe('wrenn template', () => {
  it('lists builds with how far they are', async () => {
    await using api = await startFakeBuilds();
    const { stdout } = await finished(start(api, ['builds', '--limit', '5']));
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^ID +NAME +STATUS +STEP +TIME +AGE$/);
    expect(rows).toEqual([expect.stringMatching(/^bld-\w+ +tools +success +4\/4 +- +\d/)]);
    expect(linesOf(api)).toEqual(['GET /v1/builds?limit=5']);
  });

  it('shows the log of a build on standard output', async () => {
    await using api = await startFakeBuilds({ entries: [...entries, ended] });
    const result = await finished(start(api, ['logs', buildId]));
    expect(result).toEqual({ code: 0, stdout: '[1/4] RUN make\n      made\n      1.0 s\n', stderr: '' });
  });

  it('prints the events of a log as lines of JSON with --json', async () => {
    await using api = await startFakeBuilds({ entries });
    const { stdout } = await finished(start(api, ['logs', '--json', buildId]));
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(types).toEqual(['begin', 'stdout', 'over']);
  });

  it('leaves a build alone whose log is not read any more', async () => {
    await using api = await startFakeBuilds({ entries, afterEntries: 'hang' });
    const child = start(api, ['logs', buildId]);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await finished(child)).toMatchObject({ code: 130 });
    expect(linesOf(api).filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  it('cancels builds', async () => {
    await using api = await startFakeBuilds();
    const result = await finished(start(api, ['cancel', buildId]));
    expect(result).toEqual({ code: 0, stdout: `${buildId}\n`, stderr: '' });
    expect(linesOf(api)).toEqual([`POST /v1/builds/${buildId}/cancel`]);
  });
});

function linesOf({ requests }: FakeBuilds): string[] {
  return requests.map(({ line }) => line);
}

function start({ url }: FakeBuilds, args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [entry, 'template', ...args], {
    env: { ...process.env, WRENN_BASE_URL: url, WRENN_API_KEY: 'wrn_key', WRENN_DIR: installation },
  });
  child.stdin.end();
  return child;
}

/** Waits until it has said so on standard error. */
async function seen(child: ChildProcessWithoutNullStreams, what: string): Promise<void> {
  let said = '';
  using limit = deadline(30_000, `waiting for ${what}`);
  const { promise, resolve } = Promise.withResolvers<void>();
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes(what)) resolve();
  });
  await abortable(promise, limit);
}

async function finished(child: ChildProcessWithoutNullStreams) {
  using limit = deadline(60_000, 'waiting for wrenn');
  const [stdout, stderr, [code]] = await abortable(
    Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]),
    limit,
  );
  return { code, stdout, stderr };
}
