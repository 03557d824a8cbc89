import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { formOf } from '../testing/upload.ts';

let machine: EnvdWithUser;
let folder: string;
let path: string;
let serial = 0;
beforeAll(async () => {
  machine = await startEnvdWithUser();
});
afterAll(() => machine[Symbol.asyncDispose]());
beforeEach(() => {
  serial += 1;
  folder = join(machine.rootFolder, String(serial));
  mkdirSync(folder);
  path = join(folder, 'file');
});

const address = () => `${machine.envd.url}/files?${new URLSearchParams({ path })}`;
const read = () => readFileSync(path, 'utf8');
const tag = async () => (await fetch(address(), { method: 'HEAD' })).headers.get('etag') ?? '';
const put = (body: string | ReadableStream, headers: Record<string, string>) =>
  fetch(address(), {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/octet-stream', ...headers },
    duplex: 'half',
  });

test('the version that was read is replaced, and the answer has the tag of the new one', async () => {
  writeFileSync(path, 'old');
  const answer = await put('new', { 'if-match': await tag() });
  expect(answer.status).toBe(200);
  expect(read()).toBe('new');
  expect(answer.headers.get('etag')).toBe(await tag());
});

test.each([
  ['another version', 'if-match', '"another"'],
  ['nothing', 'if-none-match', '*'],
])('a file is left as it is by who expects %s there', async (_what, name, value) => {
  writeFileSync(path, 'old');
  const answer = await put('new', { [name]: value });
  expect(answer.status).toBe(412);
  expect(await answer.json()).toMatchObject({ error: 'precondition_failed', field: name });
  expect(read()).toBe('old');
  expect(readdirSync(folder)).toStrictEqual(['file']);
});

test('a file is made where nothing is expected, and not where one is', async () => {
  expect((await put('new', { 'if-match': '*' })).status).toBe(412);
  expect(readdirSync(folder)).toStrictEqual([]);
  expect((await put('new', { 'if-none-match': '*' })).status).toBe(200);
  expect(read()).toBe('new');
});

test('a file that is changed while the new one comes is not replaced', async () => {
  writeFileSync(path, 'old');
  const { readable, writable } = new TransformStream<Uint8Array>();
  const writer = writable.getWriter();
  const answer = put(readable, { 'if-match': await tag() });
  await writer.write(Buffer.from('ne'));
  // Its draft shows that the version was right at first.
  await expect.poll(() => readdirSync(folder).length).toBe(2);
  writeFileSync(path, 'theirs');
  await writer.write(Buffer.from('w'));
  await writer.close();
  expect((await answer).status).toBe(412);
  expect(read()).toBe('theirs');
  expect(readdirSync(folder)).toStrictEqual(['file']);
});

test('of many who replace one version one does', async () => {
  writeFileSync(path, 'old');
  const version = await tag();
  const contents = Array.from({ length: 12 }, (_, index) => `by ${index}`);
  const answers = await Promise.all(contents.map((content) => put(content, { 'if-match': version })));
  const [done, ...others] = answers.map(({ status }) => status).toSorted();
  expect(done).toBe(200);
  expect(new Set(others)).toStrictEqual(new Set([412]));
  expect(read()).toBe(contents[answers.findIndex(({ ok }) => ok)]);
});

test('a form of which one file is not as expected replaces none', async () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  writeFileSync(two, 'old');
  const answer = await fetch(`${machine.envd.url}/files`, {
    method: 'POST',
    body: formOf([one, '1'], [two, '2']),
    headers: { 'if-none-match': '*' },
  });
  expect(answer.status).toBe(412);
  expect(readdirSync(folder)).toStrictEqual(['two']);
  expect(readFileSync(two, 'utf8')).toBe('old');
});
