import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fc, test } from '@fast-check/vitest';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';

let machine: EnvdWithUser;
let folder: string;
const small = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
const large = Buffer.alloc(1_000_003, 'some text that repeats itself ');
beforeAll(async () => {
  machine = await startEnvdWithUser();
  folder = machine.rootFolder;
  writeFileSync(join(folder, 'small.json'), small);
  writeFileSync(join(folder, 'large.txt'), large);
});
afterAll(() => machine[Symbol.asyncDispose]());

const urlOf = (path: string, more: Record<string, string> = {}) =>
  `${machine.envd.url}/files?${new URLSearchParams({ path, ...more })}`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As it comes over the line: fetch would ask for gzip and unpack it. */
async function load(
  path: string,
  headers: Record<string, string> = {},
  { query = {}, method = 'GET' }: { query?: Record<string, string>; method?: string } = {},
): Promise<Answer> {
  const request = httpRequest(urlOf(path, query), { method, headers, agent: false }).end();
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}
const loadNamed = (name: string, headers: Record<string, string> = {}, more = {}) =>
  load(join(folder, name), headers, more);

test('a file comes whole, with what it is', async () => {
  const { status, headers, body } = await loadNamed('small.json');
  expect(body.equals(small)).toBe(true);
  expect({ status, headers }).toMatchObject({
    status: 200,
    headers: {
      'content-type': 'application/json',
      'content-length': '1000',
      'content-disposition': 'inline; filename="small.json"',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      vary: 'Accept-Encoding',
      etag: expect.stringMatching(/^"[\w-]+"$/),
      'last-modified': expect.stringMatching(/ GMT$/),
    },
  });
  expect((await loadNamed('large.txt')).body.equals(large)).toBe(true);
});

test('HEAD is the same without the body', async () => {
  for (const name of ['small.json', 'large.txt']) {
    const { headers, status, body } = await loadNamed(name, {}, { method: 'HEAD' });
    const { date: _date, ...wanted } = (await loadNamed(name)).headers;
    expect({ status, headers, length: body.length }).toMatchObject({
      status: 200,
      headers: wanted,
      length: 0,
    });
  }
});

test('a path is resolved as everywhere, and links are followed', async () => {
  writeFileSync(join(machine.home, 'ü "x"'), 'mine');
  symlinkSync('ü "x"', join(machine.home, 'link'));
  for (const path of ['link', '~/link', 'ü "x"']) {
    expect((await load(path, {}, { query: { username: 'user' } })).body.toString()).toBe('mine');
  }
  expect((await load(join(machine.home, 'ü "x"'))).headers['content-disposition']).toBe(
    `inline; filename="_ _x_"; filename*=UTF-8''%C3%BC%20%22x%22`,
  );
});

test('an empty file has no bytes, and says so', async () => {
  writeFileSync(join(folder, 'empty'), '');
  const { status, headers, body } = await loadNamed('empty');
  expect({ status, length: body.length }).toStrictEqual({ status: 200, length: 0 });
  expect(headers['content-length']).toBe('0');
  expect((await loadNamed('empty', { range: 'bytes=0-' })).status).toBe(416);
});

describe('ranges', () => {
  test.prop(
    [fc.constantFrom(['small.json', small] as const, ['large.txt', large] as const), fc.nat(), fc.nat()],
    { numRuns: 60 },
  )('any part is that part', async ([name, bytes], one, other) => {
    const [start = 0, end = 0] = [one % bytes.length, other % bytes.length].toSorted((a, b) => a - b);
    for (const [range, from, to] of [
      [`bytes=${start}-${end}`, start, end + 1],
      [`bytes=${start}-`, start, bytes.length],
      [`bytes=-${end + 1}`, bytes.length - end - 1, bytes.length],
    ] as const) {
      const { status, headers, body } = await loadNamed(name, { range });
      expect({ status, range: headers['content-range'] }).toStrictEqual({
        status: 206,
        range: `bytes ${from}-${to - 1}/${bytes.length}`,
      });
      expect(body.equals(bytes.subarray(from, to))).toBe(true);
    }
  });

  test('what lies behind the end is no part', async () => {
    const { status, headers, body } = await loadNamed('small.json', { range: 'bytes=1000-' });
    expect({ status, range: headers['content-range'] }).toStrictEqual({ status: 416, range: 'bytes */1000' });
    expect(JSON.parse(body.toString())).toMatchObject({ code: 416, message: expect.any(String) });
  });

  test.each(['bytes=0-1,5-6', 'lines=1-2', 'bytes=5-2', 'nonsense'])(
    '%s is the whole file',
    async (range) => {
      const { status, body } = await loadNamed('small.json', { range });
      expect({ status, length: body.length }).toStrictEqual({ status: 200, length: 1000 });
    },
  );

  test('a part is one of the file itself, whatever encodings are acceptable', async () => {
    const { status, body } = await loadNamed('small.json', { range: 'bytes=0-9', 'accept-encoding': 'gzip' });
    expect({ status, equal: body.equals(small.subarray(0, 10)) }).toStrictEqual({ status: 206, equal: true });
  });

  test('a part of another version is the whole file', async () => {
    const path = join(folder, 'changing');
    writeFileSync(path, 'first');
    const { etag = '' } = (await load(path)).headers;
    const rest = { range: 'bytes=2-', 'if-range': etag };
    expect((await load(path, rest)).body.toString()).toBe('rst');
    writeFileSync(path, 'second');
    expect(await load(path, rest)).toMatchObject({ status: 200, body: Buffer.from('second') });
  });
});

describe('conditions', () => {
  test('who has this version gets no bytes', async () => {
    const { etag = '', 'last-modified': modified = '' } = (await loadNamed('small.json')).headers;
    for (const condition of [{ 'if-none-match': etag }, { 'if-modified-since': modified }]) {
      const { status, headers, body } = await loadNamed('small.json', condition);
      expect({ status, etag: headers.etag, length: body.length }).toStrictEqual({
        status: 304,
        etag,
        length: 0,
      });
    }
    expect((await loadNamed('small.json', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('who wants another version gets none', async () => {
    const { etag = '' } = (await loadNamed('small.json')).headers;
    expect((await loadNamed('small.json', { 'if-match': etag })).status).toBe(200);
    expect((await loadNamed('small.json', { 'if-match': '"other"' })).status).toBe(412);
    const longAgo = 'Thu, 01 Jan 1970 00:00:00 GMT';
    expect((await loadNamed('small.json', { 'if-unmodified-since': longAgo })).status).toBe(412);
  });

  test('a change of the time alone makes another version', async () => {
    const path = join(folder, 'touched');
    writeFileSync(path, 'x');
    const { etag } = (await load(path)).headers;
    utimesSync(path, 1, 1);
    expect((await load(path)).headers.etag).not.toBe(etag);
  });
});

describe('encodings', () => {
  test.each(['gzip', 'gzip, deflate, br', 'gzip;q=0.5, identity;q=0.1'])(
    '%s is answered in gzip',
    async (accept) => {
      for (const [name, bytes] of [
        ['small.json', small],
        ['large.txt', large],
      ] as const) {
        const plain = await loadNamed(name);
        const { status, headers, body } = await loadNamed(name, { 'accept-encoding': accept });
        expect({ status, headers }).toMatchObject({
          status: 200,
          headers: { 'content-encoding': 'gzip', vary: 'Accept-Encoding', etag: `W/${plain.headers.etag}` },
        });
        expect(headers['accept-ranges']).toBeUndefined();
        expect(gunzipSync(body).equals(bytes)).toBe(true);
      }
    },
  );

  test('what is no text is compressed for those who ask for it, not for those who name all they know', async () => {
    const path = join(folder, 'archive.bin');
    writeFileSync(path, 'x'.repeat(1000));
    const encodingFor = async (accept: string) =>
      (await load(path, { 'accept-encoding': accept })).headers['content-encoding'];
    expect(await encodingFor('gzip, deflate')).toBeUndefined();
    expect(await encodingFor('br, gzip;q=0.9')).toBeUndefined();
    expect(await encodingFor('gzip')).toBe('gzip');
    expect(await encodingFor('gzip, identity;q=0')).toBe('gzip');
  });

  test.each(['', '*', 'identity', 'br', 'gzip;q=0', 'identity, gzip;q=0.5'])(
    '%j is answered as it is',
    async (accept) => {
      const { headers, body } = await loadNamed('small.json', { 'accept-encoding': accept });
      expect(headers['content-encoding']).toBeUndefined();
      expect(body.equals(small)).toBe(true);
    },
  );

  test.each(['br, *;q=0', 'identity;q=0', 'gzip;q=0, identity;q=0'])(
    '%s cannot be answered',
    async (accept) => {
      const { status, body } = await loadNamed('small.json', { 'accept-encoding': accept });
      expect({ status, body: JSON.parse(body.toString()) }).toStrictEqual({
        status: 406,
        body: { code: 406, message: 'no acceptable encoding found, supported: [identity, gzip]' },
      });
    },
  );
});

describe('refused is', () => {
  test.each([
    ['a folder', '/etc', {}, 400, "path '/etc' is a directory"],
    ['the home, which no path means', '', {}, 400, undefined],
    ['a device', '/dev/zero', {}, 400, "path '/dev/zero' is not a regular file"],
    ['what is not there', '/no/thing', {}, 404, "path '/no/thing' does not exist"],
    ['a path through a file', '/etc/passwd/x', {}, 400, undefined],
    ['an unknown user', '/etc/passwd', { username: 'x' }, 401, "invalid username: 'x'"],
    ['the home of another', '~other/x', {}, 400, undefined],
    ['a NUL', '/etc/passwd\0', {}, 400, undefined],
  ])('%s', async (_what, path, query, status, message) => {
    const answer = await load(path, {}, { query });
    expect({ status: answer.status, body: JSON.parse(answer.body.toString()) }).toMatchObject({
      status,
      body: { code: status, message: message ?? expect.any(String) },
    });
  });

  test('what the user may not read, also under a folder that only root may enter', async () => {
    writeFileSync(join(folder, 'secret'), 'x', { mode: 0o600 });
    mkdirSync(join(folder, 'closed'), { mode: 0o700 });
    writeFileSync(join(folder, 'closed/a'), 'x');
    chmodSync(join(folder, 'closed/a'), 0o644);
    for (const name of ['secret', 'closed/a', 'closed/none']) {
      expect((await loadNamed(name, {}, { query: { username: 'user' } })).status).toBe(403);
    }
  });

  test('a FIFO, and its writer goes on waiting for a reader', async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const writer = spawn('sh', ['-c', 'echo ready; echo hello > "$0"', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(writer.stdout, 'data');
    expect((await load(path)).status).toBe(400);
    expect(readFileSync(path, 'utf8')).toBe('hello\n');
    await once(writer, 'exit');
  });
});

test('files of the kernel, whose size says nothing, come whole', async () => {
  expect((await load('/proc/version')).body.toString()).toBe(readFileSync('/proc/version', 'utf8'));
  expect((await load('/proc/filesystems', { 'accept-encoding': 'gzip' })).status).toBe(200);
  const { headers, body } = await load('/sys/kernel/mm/transparent_hugepage/enabled');
  expect(body.toString()).toBe(readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8'));
  expect(headers['etag']).toBeUndefined();
});
