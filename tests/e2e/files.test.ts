import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, client, commandEnvironment } from '../support/client.ts';
import { wrenn } from '../support/command.ts';
import { TestSocket } from '../support/socket.ts';

let id: string;
beforeAll(async () => {
  ({ id } = await client().capsules.create());
});
afterAll(() => client().capsules.destroy(id));

const { WRENN_BASE_URL: baseUrl = '', WRENN_API_KEY: key = '' } = commandEnvironment();
const route = (name: string, spelling = 'capsules') => `/v1/${spelling}/${id}/files/${name}`;
const files = (name: string, body: object) => call('POST', route(name), body);

async function shell(script: string, user = ''): Promise<string> {
  const command = { cmd: 'sh', args: ['-c', script], ...(user === '' ? {} : { user }) };
  const { stdout, stderr, exitCode } = await client().capsules.exec(id, command);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return stdout;
}

function send(
  method: string,
  path: string,
  body?: RequestInit['body'],
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${baseUrl}${path}`, {
    ...{ method, headers: { 'x-api-key': key, ...headers } },
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  });
}

const content = (path: string, user = '') =>
  `${route('content')}?${new URLSearchParams({ path, ...(user && { user }) })}`;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('paths', () => {
  it.each(['capsules', 'sandboxes'])('are made, listed, moved and removed below /v1/%s', async (spelling) => {
    const at = (name: string) => route(name, spelling);
    const made = await call('POST', at('mkdir'), { path: 'one/two' });
    expect(made).toMatchObject({
      status: 200,
      body: { entry: { type: 'directory', path: '/home/user/one/two' } },
    });
    expect(await call('POST', at('mkdir'), { path: 'one/two' })).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict' } },
    });
    await shell('echo hello > one/two/file; ln -s two/file one/link');
    const listed = await call('POST', at('list'), { path: 'one', depth: 2 });
    const { entries } = listed.body as { entries: object[] };
    expect(entries).toEqual([
      expect.objectContaining({ name: 'link', type: 'file', symlink_target: '/home/user/one/two/file' }),
      expect.objectContaining({ name: 'two', type: 'directory', owner: 'user', group: 'user' }),
      expect.objectContaining({ name: 'file', type: 'file', size: 6, permissions: '-rw-r--r--' }),
    ]);
    const moved = await call('POST', at('move'), { source: 'one/two/file', destination: 'three/file' });
    expect(moved).toMatchObject({ status: 200, body: { entry: { path: '/home/user/three/file' } } });
    expect(await call('POST', at('stat'), { path: 'three/file' })).toMatchObject({
      body: { entry: { size: 6, modified_at: expect.any(Number) } },
    });
    for (const path of ['one', 'three']) {
      expect(await call('POST', at('remove'), { path })).toMatchObject({ status: 204 });
    }
    expect(await call('POST', at('remove'), { path: 'one' })).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
  });

  it('are those of the user who is named', async () => {
    await files('mkdir', { path: '/srv/of-root', user: 'root' });
    expect(await files('mkdir', { path: '/srv/of-root/deeper' })).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden' } },
    });
    expect(await files('list', { path: '/root' })).toMatchObject({ status: 403 });
    expect(await files('list', { path: '/root', user: 'root' })).toMatchObject({ status: 200 });
    expect(await files('list', { path: '/', user: 'nobody-here' })).toMatchObject({ status: 400 });
  });

  it.each([
    ['a list of what is not there', 'list', { path: '/no/such' }, 404],
    ['a list of a file', 'list', { path: '/etc/passwd' }, 400],
    ['no path', 'list', {}, 400],
    ['a NUL', 'stat', { path: 'a\u0000b' }, 400],
    ['an unknown field', 'mkdir', { path: 'x', recursive: true }, 400],
    ['a depth of nothing', 'list', { path: '/', depth: -1 }, 400],
    ['a folder below a file', 'mkdir', { path: '/etc/passwd/x', user: 'root' }, 400],
    ['the removal of the root', 'remove', { path: '/', user: 'root' }, 400],
  ])('are refused: %s', async (_what, name, body, status) => {
    expect((await files(name, body)).status).toBe(status);
  });
});

describe('a file', () => {
  it('goes up and comes down byte for byte, in each of the ways, and belongs to the user', async () => {
    const bytes = randomBytes(3_000_001);
    expect((await send('PUT', content('put'), bytes)).status).toBe(204);
    for (const [name, file] of [
      ['write', 'form'],
      ['stream/write', 'streamed'],
    ] as const) {
      const form = new FormData();
      form.set('path', file);
      form.set('file', new Blob([bytes]), 'any-name');
      expect((await send('POST', route(name), form)).status).toBe(204);
    }
    for (const path of ['put', 'form', 'streamed']) {
      const ways = [
        await send('GET', content(path)),
        ...(await Promise.all(
          ['read', 'stream/read'].map((name) =>
            send('POST', route(name), JSON.stringify({ path }), { 'content-type': 'application/json' }),
          ),
        )),
      ];
      for (const answer of ways) {
        expect(answer.headers.get('content-type')).toBe('application/octet-stream');
        expect(answer.headers.get('content-length')).toBe('3000001');
        expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(bytes));
      }
    }
    expect(await shell('stat -c %U:%a put form streamed')).toBe('user:644\nuser:644\nuser:644\n');
  });

  it('of 64 MiB is streamed, also of a length that nobody knows before', async () => {
    const piece = randomBytes(1024 * 1024);
    const hash = createHash('sha256');
    async function* pieces() {
      for (let count = 0; count < 64; count++) {
        hash.update(piece);
        yield piece;
      }
    }
    const body = Readable.toWeb(Readable.from(pieces())) as unknown as RequestInit['body'];
    expect((await send('PUT', content('large'), body)).status).toBe(204);
    const expected = hash.digest('hex');
    expect((await shell('sha256sum large')).slice(0, 64)).toBe(expected);
    const down = createHash('sha256');
    const answer = await send('GET', content('large'));
    for await (const chunk of answer.body ?? []) down.update(chunk);
    expect(down.digest('hex')).toBe(expected);
    await shell('rm large');
  });

  it('is written on condition that it is still what was read', async () => {
    const tag = (await send('PUT', content('version'), 'one')).headers.get('etag') ?? '';
    expect((await send('HEAD', content('version'))).headers.get('etag')).toBe(tag);
    expect((await send('PUT', content('version'), 'two', { 'if-match': tag })).status).toBe(204);
    for (const headers of [{ 'if-match': tag }, { 'if-none-match': '*' }]) {
      const { status, body } = await refused(await send('PUT', content('version'), 'mine', headers));
      expect([status, body.error.code]).toEqual([412, 'precondition_failed']);
    }
    expect(await shell('cat version')).toBe('two');
  });

  it('is given in part, and not at all where it is known already', async () => {
    await send('PUT', content('part'), 'hello world');
    const part = await send('GET', content('part'), undefined, { range: 'bytes=6-' });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      'bytes 6-10/11',
      'world',
    ]);
    const etag = (await send('GET', content('part'))).headers.get('etag') ?? '';
    expect((await send('GET', content('part'), undefined, { 'if-none-match': etag })).status).toBe(304);
  });

  it.each([
    ['that is not there', '/no/such/file', '', 404],
    ['that is a folder', '/etc', '', 400],
    ['of root', '/etc/shadow', '', 403],
    ['of nobody', '/etc/passwd', 'nobody-here', 400],
  ])('%s is an error before its first byte', async (_what, path, user, status) => {
    for (const answer of [
      await send('GET', content(path, user)),
      await send('POST', route('stream/read'), JSON.stringify({ path, user }), {
        'content-type': 'application/json',
      }),
    ]) {
      expect(answer.status).toBe(status);
      expect(await answer.json()).toMatchObject({ error: { message: expect.any(String) } });
    }
  });

  it('of root is not read through a link of the user', async () => {
    await shell('ln -sf /etc/shadow innocent');
    expect((await send('GET', content('innocent'))).status).toBe(403);
    expect((await send('GET', content('/home/user/innocent', 'root'))).status).toBe(200);
  });

  it('stays as it was when its upload breaks off, and nothing of that is left', async () => {
    await send('PUT', content('kept'), 'as it was');
    const broken = httpRequest(`${baseUrl}${content('kept')}`, {
      method: 'PUT',
      headers: { 'x-api-key': key },
    });
    broken.on('error', () => undefined);
    broken.write(Buffer.alloc(500_000));
    await expect.poll(() => shell('ls -A | grep -c upload || true')).toBe('1\n');
    broken.destroy();
    await expect.poll(() => shell('ls -A | grep -c upload || true')).toBe('0\n');
    expect(await shell('cat kept')).toBe('as it was');
  });

  it('is refused where the disk, the folder or the form does not allow it, with the reason', async () => {
    const { status, body } = await refused(await send('PUT', content('/etc/mine'), 'x'));
    expect([status, body.error.code]).toEqual([403, 'forbidden']);
    const form = new FormData();
    form.set('file', new Blob(['x']), 'x');
    expect(await refused(await send('POST', route('write'), form))).toMatchObject({
      status: 400,
      body: { error: { field: 'path' } },
    });
    expect(
      await refused(await send('POST', route('write'), 'x', { 'content-type': 'text/plain' })),
    ).toMatchObject({
      status: 400,
      body: { error: { field: 'content-type' } },
    });
    const cut = '--b\r\ncontent-disposition: form-data; name="path"\r\n\r\nx\r\n--b\r\ncontent-dispo';
    const type = { 'content-type': 'multipart/form-data; boundary=b' };
    expect((await send('POST', route('write'), cut, type)).status).toBe(400);
  });

  it('larger than 100 MB is refused by the form that says so', async () => {
    const form = new FormData();
    form.set('path', 'huge');
    form.set('file', new Blob([Buffer.alloc(101 * 1024 * 1024)]), 'x');
    expect(await refused(await send('POST', route('write'), form))).toMatchObject({
      status: 413,
      body: { error: { code: 'too_large' } },
    });
    expect(await files('stat', { path: 'huge' })).toMatchObject({ status: 404 });
  });
});

describe('a folder that is watched', () => {
  it('tells what happens in it', async () => {
    await shell('mkdir -p watched');
    await using watch = await TestSocket.open(`${route('watch')}?path=watched&recursive=true`);
    await watch.frame('ready');
    await shell('echo x > watched/new; mv watched/new watched/other; rm watched/other');
    expect(await watch.frame('created')).toMatchObject({ path: 'new' });
    expect(await watch.frame('written')).toMatchObject({ path: 'new' });
    expect(await watch.frame('removed')).toMatchObject({ path: 'other' });
  });

  it('is refused where there is none', async () => {
    await using watch = await TestSocket.open(`${route('watch')}?path=/no/such`);
    expect(await watch.frame('error')).toMatchObject({ error: { code: 'not_found' } });
  });
});

async function refused(answer: Response) {
  return {
    status: answer.status,
    body: (await answer.json()) as { error: { code: string; field?: string } },
  };
}

describe('a folder', () => {
  it('comes as tar with all that is in it, and goes back to be the same', async () => {
    await shell('mkdir -p tree/below; echo one > tree/one; echo two > tree/below/two; ln -s one tree/link');
    const tar = await send('GET', `${route('archive')}?path=tree`);
    expect([tar.status, tar.headers.get('content-type')]).toEqual([200, 'application/x-tar']);
    const packed = await send('PUT', `${route('archive')}?path=copy/of/tree`, await tar.arrayBuffer());
    expect(packed.status).toBe(204);
    expect(await shell('diff -r --no-dereference tree copy/of/tree; stat -c %U copy/of/tree/one')).toBe(
      'user\n',
    );
  });

  it('that is not there is a 404, and an archive of nonsense a 400 with what tar says', async () => {
    expect((await send('GET', `${route('archive')}?path=nothing`)).status).toBe(404);
    const refused = await send('PUT', `${route('archive')}?path=nonsense`, 'nonsense'.repeat(1000));
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { code: 'invalid_request', message: expect.stringContaining('tar') },
    });
  });

  it('is copied both ways by the command', async () => {
    const copy = async (from: string, to: string) => {
      const { code, stderr } = await wrenn(['file', 'cp', '-r', from, to], { env: commandEnvironment() });
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('rror') });
    };
    const folder = await mkdtemp(join(tmpdir(), 'wrenn-folder-'));
    try {
      await mkdir(join(folder, 'in/below'), { recursive: true });
      await writeFile(join(folder, 'in/below/file'), 'through the command');
      await copy(join(folder, 'in'), `${id}:from-here`);
      expect(await shell('cat from-here/below/file')).toBe('through the command');
      await copy(`${id}:from-here`, join(folder, 'out'));
      expect(await readFile(join(folder, 'out/below/file'), 'utf8')).toBe('through the command');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
