import { buffer } from 'node:stream/consumers';
import { Secret } from '@wrenn/core';
import { imageOf, type TestRegistry } from '@wrenn/testkit/registry';
import { describe, expect, test } from 'vitest';
import { AddressGuard } from '../../outgoing/address-guard.ts';
import type { RegistryCredentials } from './credentials.ts';
import { always, clientOf, olga, passwordOf, resolveIn, startRegistry } from './testing/registry-setup.ts';

const image = imageOf({ layers: [[{ kind: 'file', path: 'hello', content: 'hello' }]] });
async function withImage(): Promise<{ registry: TestRegistry; name: string }> {
  const registry = await startRegistry();
  return { registry, name: registry.push('team/app', 'v1', await image) };
}

describe('a registry that wants to know who reads', () => {
  test('is shown name and password', async () => {
    const { registry, name } = await withImage();
    registry.conduct.access = { kind: 'basic', ...olga.text };
    expect((await resolveIn(clientOf(registry), name, olga.credentials)).layers).toHaveLength(1);
  });

  test('is shown a token that is for everybody', async () => {
    const { registry, name } = await withImage();
    registry.conduct.access = { kind: 'bearer', for: { kind: 'everybody' } };
    expect((await resolveIn(clientOf(registry), name)).layers).toHaveLength(1);
    const [token] = registry.requests.filter(({ path }) => path.startsWith('/token'));
    expect(token).toMatchObject({ method: 'GET', authorization: undefined });
  });

  test('is shown a token for name and password, which reads the whole image', async () => {
    const { registry, name } = await withImage();
    registry.conduct.access = { kind: 'bearer', for: { kind: 'password', ...olga.text } };
    await resolveIn(clientOf(registry), name, olga.credentials);
    const tokens = registry.requests.filter(({ path }) => path.startsWith('/token'));
    expect(tokens).toHaveLength(1);
    const withBasic = registry.requests.filter(({ authorization }) => authorization?.startsWith('Basic'));
    expect(withBasic).toEqual(tokens);
  });

  test('is shown a token for what its sign-in gave', async () => {
    const { registry, name } = await withImage();
    registry.conduct.access = { kind: 'bearer', for: { kind: 'identity_token', token: 'refresh' } };
    const credentials: RegistryCredentials = { kind: 'identity_token', token: new Secret('refresh') };
    expect((await resolveIn(clientOf(registry), name, credentials)).layers).toHaveLength(1);
  });

  test('is shown another token when the first is too old', async () => {
    const { registry, name } = await withImage();
    registry.conduct.access = { kind: 'bearer', for: { kind: 'password', ...olga.text } };
    const client = clientOf(registry);
    const resolved = await resolveIn(client, name, olga.credentials);
    registry.forgetTokens();
    const [layer] = resolved.layers;
    if (layer === undefined) throw new Error('no layer');
    expect((await buffer(await client.openLayer(resolved, layer, always))).length).toBe(layer.size);
  });

  test.each<[string, TestRegistry['conduct']['access'], RegistryCredentials | undefined]>([
    ['without any', { kind: 'basic', ...olga.text }, undefined],
    ['with another password', { kind: 'basic', ...olga.text }, passwordOf('olga', 'other')],
    ['without any for a token', { kind: 'bearer', for: { kind: 'password', ...olga.text } }, undefined],
    [
      'with another for a token',
      { kind: 'bearer', for: { kind: 'password', ...olga.text } },
      passwordOf('eve', 'x'),
    ],
  ])('says no to whoever has no credentials: %s', async (_name, access, credentials) => {
    const { registry, name } = await withImage();
    registry.conduct.access = access;
    await expect(resolveIn(clientOf(registry), name, credentials)).rejects.toMatchObject({
      code: 'forbidden',
      remedy: expect.stringContaining('credentials'),
    });
  });

  test.each(['', 'no address', 'ftp://127.0.0.1/', 'file:///etc/passwd'])(
    'cannot send us for a token to %j',
    async (realm) => {
      const { registry, name } = await withImage();
      Object.assign(registry.conduct, { access: { kind: 'bearer', for: { kind: 'everybody' } }, realm });
      await expect(resolveIn(clientOf(registry), name, olga.credentials)).rejects.toMatchObject({
        code: 'image_refused',
      });
    },
  );

  test('cannot send us for a token to a private address', async () => {
    const { registry, name } = await withImage();
    const realm = 'https://169.254.169.254/token';
    Object.assign(registry.conduct, { access: { kind: 'bearer', for: { kind: 'everybody' } }, realm });
    await expect(resolveIn(clientOf(registry), name, olga.credentials)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('169.254.169.254'),
    });
  });
});

describe('a registry that redirects', () => {
  test('is followed, without what says who asks', async () => {
    const { registry, name } = await withImage();
    const other = await startRegistry();
    other.push('team/app', 'v1', await image);
    registry.conduct.access = { kind: 'basic', ...olga.text };
    registry.conduct.redirect = (path) => `http://eve:x@${other.host}${path}`;
    const client = clientOf(registry);
    const resolved = await resolveIn(client, name, olga.credentials);
    const [layer] = resolved.layers;
    if (layer === undefined) throw new Error('no layer');
    await buffer(await client.openLayer(resolved, layer, always));
    expect(other.requests.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });

  test('is not asked with credentials again once it led elsewhere', async () => {
    const { registry, name } = await withImage();
    const other = await startRegistry();
    other.push('team/app', 'v1', await image);
    other.conduct.redirect = (path) => `${registry.url}${path}`;
    registry.conduct.access = { kind: 'basic', ...olga.text };
    registry.conduct.redirect = (path) => `${other.url}${path}`;
    await expect(resolveIn(clientOf(registry), name, olga.credentials)).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(registry.requests.at(-1)?.authorization).toBeUndefined();
  });

  test.each(['http://127.0.0.2/', 'http://169.254.169.254/latest/', 'https://[::1]/', 'http://2130706434/'])(
    'to a private address is not followed: %s',
    async (target) => {
      const { registry, name } = await withImage();
      registry.conduct.redirect = () => target;
      await expect(resolveIn(clientOf(registry), name)).rejects.toMatchObject({
        code: 'forbidden',
        remedy: expect.stringContaining('PRIVATE_REGISTRIES'),
      });
    },
  );

  test.each(['', 'file:///etc/passwd', 'http://', 'gopher://127.0.0.1/'])(
    'to what is no address is not followed: %j',
    async (target) => {
      const { registry, name } = await withImage();
      registry.conduct.redirect = () => target;
      await expect(resolveIn(clientOf(registry), name)).rejects.toMatchObject({ code: 'image_refused' });
    },
  );

  test('is not followed without end', async () => {
    const { registry, name } = await withImage();
    registry.conduct.redirect = (path) => `${path}?again`;
    await expect(resolveIn(clientOf(registry), name)).rejects.toMatchObject({ code: 'image_refused' });
    expect(registry.requests.length).toBeLessThan(10);
  });
});

test('a registry at a private address is not asked', async () => {
  const { registry, name } = await withImage();
  const client = clientOf(registry, { guard: new AddressGuard([], 'PRIVATE_REGISTRIES') });
  await expect(resolveIn(client, name)).rejects.toMatchObject({ code: 'forbidden' });
  expect(registry.requests).toEqual([]);
});

test('neither credentials nor tokens are in what is logged of an image', async () => {
  const { registry, name } = await withImage();
  registry.conduct.access = { kind: 'bearer', for: { kind: 'password', ...olga.text } };
  const resolved = await resolveIn(clientOf(registry), name, olga.credentials);
  expect(JSON.stringify(resolved)).not.toContain(olga.text.password);
});
