import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@wrenn/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientSettings } from '../config.ts';
import { findAdministrator, findConnection } from './connection.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-cli-'));
  await writeFile(join(directory, 'address'), 'http://127.0.0.1:9999\n');
  await writeFile(join(directory, 'api-key'), 'wrn_local\n');
});
afterAll(() => rm(directory, { recursive: true }));

const find = (flags: { url?: string; apiKey?: string }, environment: Record<string, string> = {}) =>
  findConnection(flags, parseConfig(clientSettings, { WRENN_DIR: directory, ...environment }));

describe('where the API is', () => {
  it('is what wrenn up left on this machine', async () => {
    expect(await find({})).toEqual({ baseUrl: 'http://127.0.0.1:9999', apiKey: 'wrn_local' });
  });

  it('is the environment before that, and a flag before the environment', async () => {
    const environment = { WRENN_BASE_URL: 'https://a.example/api/', WRENN_API_KEY: 'wrn_env' };
    expect(await find({}, environment)).toEqual({ baseUrl: 'https://a.example/api', apiKey: 'wrn_env' });
    const flags = { url: 'http://b.example', apiKey: 'wrn_flag' };
    expect(await find(flags, environment)).toEqual({ baseUrl: 'http://b.example', apiKey: 'wrn_flag' });
  });

  it('is the usual address where nothing says otherwise', async () => {
    const found = await find({ apiKey: 'k' }, { WRENN_DIR: '/nonexistent' });
    expect(found.baseUrl).toBe('http://127.0.0.1:8080');
  });

  it.each(['ftp://a.example', 'a.example', 'javascript:x'])('is not %s', async (url) => {
    await expect(find({ url })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the key of this machine', () => {
  it('is never sent to another server', async () => {
    await expect(find({ url: 'https://a.example' })).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('goes to this machine also when its address is given', async () => {
    expect((await find({ url: 'http://127.0.0.1:9999/' })).apiKey).toBe('wrn_local');
  });

  it('is asked for where there is none', async () => {
    await expect(find({}, { WRENN_DIR: '/nonexistent' })).rejects.toMatchObject({ code: 'unauthorized' });
  });
});

describe('an administrator', () => {
  const administrator = (flags: { url?: string; apiKey?: string }) =>
    findAdministrator(flags, parseConfig(clientSettings, { WRENN_DIR: directory, WRENN_API_KEY: 'wrn_env' }));

  it('is who signs in with the password of this machine, whatever key there is', async () => {
    await writeFile(join(directory, 'admin-password'), 'secret\n');
    expect(await administrator({})).toEqual({ baseUrl: 'http://127.0.0.1:9999', password: 'secret' });
  });

  it('is who has the token of a session, which is no key', async () => {
    const found = { baseUrl: 'https://a.example', apiKey: 'a.b-c.d_e' };
    expect(await administrator({ url: 'https://a.example', apiKey: 'a.b-c.d_e' })).toEqual(found);
  });

  it('of another server is not who has the password of this one', async () => {
    await expect(administrator({ url: 'https://a.example' })).rejects.toMatchObject({ code: 'unauthorized' });
  });
});
