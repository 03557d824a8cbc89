import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';

let machine: EnvdWithUser;
let folder: string;

beforeAll(async () => {
  machine = await startEnvdWithUser();
  folder = machine.rootFolder;
  mkdirSync(join(folder, 'tree/below'), { recursive: true });
  writeFileSync(join(folder, 'tree/one'), 'one');
  writeFileSync(join(folder, 'tree/below/two'), 'two'.repeat(100_000));
  symlinkSync('one', join(folder, 'tree/link'));
  chmodSync(join(folder, 'tree/one'), 0o750);
});
afterAll(() => machine[Symbol.asyncDispose]());

const urlOf = (path: string, username = 'root') =>
  `${machine.envd.url}/archive?${new URLSearchParams({ path, username })}`;
const get = (path: string, username?: string) => fetch(urlOf(path, username));
const put = (path: string, body: Buffer | string, username?: string) =>
  fetch(urlOf(path, username), { method: 'POST', body });
const tarOf = (...args: string[]) => execFileSync('tar', args, { maxBuffer: 1 << 24 });

describe('a folder', () => {
  it('comes as it is, and goes back to the same', async () => {
    const answer = await get(join(folder, 'tree'));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-tar');
    const copy = join(folder, 'deep/copy');
    expect((await put(copy, Buffer.from(await answer.arrayBuffer()))).status).toBe(204);
    execFileSync('diff', ['-r', '--no-dereference', join(folder, 'tree'), copy]);
    expect(statSync(join(copy, 'one')).mode & 0o777).toBe(0o750);
  });

  it('that is not there, is a file, or may not be read is refused before the first byte', async () => {
    expect((await get(join(folder, 'nothing'))).status).toBe(404);
    expect((await get(join(folder, 'tree/one'))).status).toBe(400);
    mkdirSync(join(folder, 'closed'), { mode: 0o700 });
    mkdirSync(join(folder, 'closed/inner'));
    expect((await get(join(folder, 'closed/inner'), 'user')).status).toBe(403);
    expect((await get(join(folder, 'closed'), 'user')).status).toBe(403);
    mkdirSync(join(folder, 'unlisted'), { mode: 0o711 });
    expect((await get(join(folder, 'unlisted'), 'user')).status).toBe(403);
  });

  it('that cannot be read in full breaks off: it does not look whole', async () => {
    mkdirSync(join(folder, 'partly'));
    writeFileSync(join(folder, 'partly/secret'), 'x', { mode: 0o600 });
    const answer = await get(join(folder, 'partly'), 'user');
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });
});

describe('an archive', () => {
  it('is unpacked by its user, who owns what was in it', async () => {
    const tar = tarOf('-C', join(folder, 'tree'), '--owner=0', '--group=0', '-cf', '-', '.');
    const home = join(machine.home, 'unpacked');
    expect((await put(home, tar, 'user')).status).toBe(204);
    expect(statSync(join(home, 'one')).uid).toBe(machine.uid);
    expect((await put(join(folder, 'closed/by-user'), tar, 'user')).status).toBe(403);
  });

  it.each([
    ['leads above the folder', ['--transform=s|^one$|../escaped|', '-cf', '-', 'one']],
    ['has names from the root', ['-P', '--transform=s|^one$|/escaped-by-test|', '-cf', '-', 'one']],
  ])('that %s puts nothing there', async (_what, args) => {
    await put(join(folder, 'target'), tarOf('-C', join(folder, 'tree'), ...args));
    expect(existsSync(join(folder, 'escaped'))).toBe(false);
    expect(existsSync('/escaped-by-test')).toBe(false);
  });

  it('that goes through a link of its own puts nothing behind it', async () => {
    mkdirSync(join(folder, 'outside'));
    mkdirSync(join(folder, 'made/a'), { recursive: true });
    symlinkSync(join(folder, 'outside'), join(folder, 'made/door'));
    writeFileSync(join(folder, 'made/a/planted'), 'x');
    const link = tarOf('-C', join(folder, 'made'), '-cf', '-', 'door');
    const through = tarOf('-C', join(folder, 'made'), '--transform=s|^a/|door/|', '-cf', '-', 'a/planted');
    // Two archives in one: the end of the first, two empty blocks and padding, is left out.
    await put(join(folder, 'links'), Buffer.concat([link.subarray(0, 512), through]));
    expect(existsSync(join(folder, 'outside/planted'))).toBe(false);
  });

  it('of nonsense is refused with what tar says', async () => {
    const answer = await put(join(folder, 'nonsense'), 'x'.repeat(5_000));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: 'invalid_request', field: 'body' });
  });

  it('cannot replace what is not a folder', async () => {
    const answer = await put(join(folder, 'tree/one'), tarOf('-C', join(folder, 'tree'), '-cf', '-', '.'));
    expect(answer.status).toBe(400);
    expect(readFileSync(join(folder, 'tree/one'), 'utf8')).toBe('one');
  });
});
