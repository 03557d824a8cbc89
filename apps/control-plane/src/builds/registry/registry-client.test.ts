import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  blobOf,
  descriptorOf,
  imageIndexOf,
  imageOf,
  type LayerEntry,
  type TestImage,
} from '@wrenn/testkit/registry';
import { describe, expect, test } from 'vitest';
import type { RegistryLimits } from './limits.ts';
import { parseReference } from './reference.ts';
import { always, clientOf, resolveIn, startRegistry } from './testing/registry-setup.ts';

const hello: readonly LayerEntry[] = [
  { kind: 'directory', path: 'srv' },
  { kind: 'file', path: 'srv/hello', content: 'hello' },
];
const bye: readonly LayerEntry[] = [{ kind: 'whiteout', path: 'srv/hello' }];

/** Pushes one image, and reads what it is. */
async function resolveOne(pushed: TestImage, limits: Partial<RegistryLimits> = {}) {
  const registry = await startRegistry();
  const name = registry.push('team/app', 'v1', pushed);
  return await resolveIn(clientOf(registry, { limits }), name);
}

/** An image whose manifest says something else of itself. */
async function withManifest(change: (manifest: Record<string, unknown>) => object): Promise<TestImage> {
  const image = await imageOf({ layers: [hello] });
  const manifest = JSON.parse(image.manifest.bytes.toString()) as Record<string, unknown>;
  return { ...image, manifest: blobOf(change(manifest), image.manifest.mediaType) };
}

const withLayer = (change: object) =>
  withManifest((manifest) => ({
    ...manifest,
    layers: (manifest['layers'] as object[]).map((layer) => ({ ...layer, ...change })),
  }));

describe('an image is', () => {
  test('what it runs, and its layers from the lowest up', async () => {
    const pushed = await imageOf({
      layers: [hello, bye],
      config: {
        User: 'app:www',
        Env: ['PATH=/bin', 'A=b=c'],
        WorkingDir: '/srv',
        Entrypoint: ['/init'],
        Cmd: null,
        ExposedPorts: { '80/tcp': {}, '53/udp': {} },
        Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5_000_000_000, Retries: 3 },
      },
    });
    const image = await resolveOne(pushed);
    expect(image).toMatchObject({
      digest: pushed.manifest.digest,
      platform: { os: 'linux', architecture: 'amd64' },
      config: {
        user: 'app:www',
        env: { PATH: '/bin', A: 'b=c' },
        workingDir: '/srv',
        entrypoint: ['/init'],
        cmd: [],
        exposedPorts: [
          { port: 80, protocol: 'tcp' },
          { port: 53, protocol: 'udp' },
        ],
        healthcheck: { kind: 'shell', command: 'true', intervalMs: 5000, retries: 3 },
      },
    });
    const [first, second] = pushed.layers;
    expect(image.layers.map(({ digest }) => digest)).toEqual([first?.digest, second?.digest]);
  });

  test.each([
    ['oci', 'none', (bytes: Buffer) => bytes],
    ['oci', 'gzip', gunzipSync],
    ['oci', 'zstd', zstdDecompressSync],
    ['docker', 'none', (bytes: Buffer) => bytes],
    ['docker', 'gzip', gunzipSync],
    ['docker', 'zstd', zstdDecompressSync],
  ] as const)('read as %s writes it, with layers packed by %s', async (format, compression, unpack) => {
    const registry = await startRegistry();
    const name = registry.push('app', 'v1', await imageOf({ layers: [hello], format, compression }));
    const client = clientOf(registry);
    const image = await resolveIn(client, name);
    const [layer] = image.layers;
    if (layer === undefined) throw new Error('no layer');
    expect(layer.mediaType).toBe(compression === 'none' ? 'tar' : `tar+${compression}`);
    const bytes = await buffer(await client.openLayer(image, layer, always));
    expect(blobOf(unpack(bytes), '').digest).toBe(layer.diffId);
  });

  test('the same when it is asked for by its digest, whatever its tag is by then', async () => {
    const registry = await startRegistry();
    const old = await imageOf({ layers: [hello] });
    registry.push('app', 'v1', old);
    registry.push('app', 'v1', await imageOf({ layers: [bye] }));
    const pinned = await resolveIn(clientOf(registry), `${registry.host}/app:v1@${old.manifest.digest}`);
    expect(pinned.digest).toBe(old.manifest.digest);
  });
});

describe('of several platforms', () => {
  const imageFor = (architecture: string, variant?: string) =>
    imageOf({
      layers: [hello],
      config: { Env: [`FOR=${architecture}${variant ?? ''}`] },
      platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) },
    });

  test('the one that is wanted is chosen, in the variant that asks least', async () => {
    const registry = await startRegistry();
    const images = [
      imageFor('arm64', 'v8'),
      imageFor('amd64', 'v3'),
      imageFor('amd64'),
      imageFor('amd64', 'v2'),
    ];
    const name = registry.push('app', 'v1', imageIndexOf(await Promise.all(images)));
    expect((await resolveIn(clientOf(registry), name)).config.env).toEqual({ FOR: 'amd64' });
    const arm = clientOf(registry, { platform: { os: 'linux', architecture: 'arm64' } });
    expect((await resolveIn(arm, name)).config.env).toEqual({ FOR: 'arm64v8' });
  });

  test('those that there are are listed where the one that is wanted is not there', async () => {
    const registry = await startRegistry();
    const attestation = imageOf({ layers: [], platform: { os: 'unknown', architecture: 'unknown' } });
    const images = [imageFor('arm64'), imageFor('s390x\u001b[31m'), attestation];
    const name = registry.push('app', 'v1', imageIndexOf(await Promise.all(images), 'docker'));
    await expect(resolveIn(clientOf(registry), name)).rejects.toMatchObject({
      code: 'image_refused',
      message: expect.stringMatching(/linux\/amd64, but for "linux\/arm64", "linux\/s390x\\u001b\[31m"$/),
    });
  });

  test('an image that is for another one only is refused', async () => {
    await expect(resolveOne(await imageFor('arm64'))).rejects.toMatchObject({
      code: 'image_refused',
      message: expect.stringContaining('"linux/arm64"'),
    });
  });
});

describe('an image is refused', () => {
  type Case = [name: string, pushed: Promise<TestImage>, message: string, limits?: Partial<RegistryLimits>];
  test.each<Case>([
    ['of schema 1', withManifest(() => ({ schemaVersion: 1, fsLayers: [] })), 'schema 1'],
    [
      'that is an image and a list at once',
      withManifest((own) => ({ ...own, manifests: [] })),
      'not that of an image',
    ],
    [
      'whose manifest is of a type nobody knows',
      withManifest((own) => ({ ...own, mediaType: 'text/plain' })),
      '"text/plain"',
    ],
    ['whose manifest is no object', withManifest(() => []), 'not well-formed'],
    ['whose configuration is not named', withManifest(({ config: _, ...rest }) => rest), 'at "config"'],
    [
      'with a layer that is encrypted',
      withLayer({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip+encrypted' }),
      'encrypted',
    ],
    ['with a layer that is kept elsewhere', withLayer({ urls: ['https://example.com/'] }), 'somewhere else'],
    [
      'with a layer that is not distributed',
      withLayer({ mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }),
      'somewhere else',
    ],
    [
      'with a layer of a type nobody unpacks',
      withLayer({ mediaType: 'application/wasm' }),
      'application/wasm',
    ],
    ['with a layer of a digest nobody computes', withLayer({ digest: 'md5:0' }), 'at "layers.0.digest"'],
    ['with a layer of less than nothing', withLayer({ size: -1 }), 'at "layers.0.size"'],
    [
      'with fewer layers than its configuration knows',
      withManifest((own) => ({ ...own, layers: [] })),
      'different numbers',
    ],
    ['with too many layers', imageOf({ layers: [hello, bye] }), 'at most 1 ', { layers: 1 }],
    ['with layers that are too large', imageOf({ layers: [hello] }), 'at most 9 ', { layerBytes: 9 }],
    [
      'with a manifest that is too large',
      imageOf({ layers: [hello] }),
      'manifest is larger',
      { manifestBytes: 100 },
    ],
    [
      'with a configuration that is too large',
      imageOf({ layers: [hello] }),
      'configuration is larger',
      { configBytes: 100 },
    ],
    ['whose environment holds a NUL', imageOf({ layers: [], config: { Env: ['A=\0'] } }), 'holds a NUL'],
  ])('%s', async (_name, pushed, message, limits) => {
    await expect(resolveOne(await pushed, limits)).rejects.toMatchObject({
      code: 'image_refused',
      message: expect.stringContaining(message),
    });
  });

  test('whose list leads to another list', async () => {
    const registry = await startRegistry();
    const image = await imageOf({ layers: [hello] });
    const { manifest: inner } = imageIndexOf([image]);
    const outer = imageIndexOf([{ ...image, manifest: inner }]);
    const name = registry.push('app', 'v1', outer);
    await expect(resolveIn(clientOf(registry), name)).rejects.toMatchObject({ code: 'image_refused' });
  });

  test('whose configuration is of another size than its manifest says', async () => {
    const image = await imageOf({ layers: [hello] });
    const size = image.config.bytes.length + 1;
    const other = await withManifest((own) => ({ ...own, config: { ...descriptorOf(image.config), size } }));
    await expect(resolveOne(other)).rejects.toMatchObject({ code: 'image_refused' });
  });

  test.each(['manifest', 'config'] as const)('whose %s was altered', async (altered) => {
    const registry = await startRegistry();
    const image = await imageOf({ layers: [hello] });
    registry.push('app', 'v1', image);
    registry.conduct.altered = altered;
    const name = `${registry.host}/app@${image.manifest.digest}`;
    await expect(resolveIn(clientOf(registry), name)).rejects.toMatchObject({
      code: 'image_refused',
      message: expect.stringContaining('is not what its digest says'),
    });
  });
});

test('what a registry does not have is not found, with its name', async () => {
  const registry = await startRegistry();
  const { host } = registry;
  await expect(resolveIn(clientOf(registry), `${host}/none:v1`)).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining(`${host}/none:v1`),
    remedy: expect.any(String),
  });
});

test('a registry is spoken to without TLS only where the operator says so', async () => {
  const registry = await startRegistry();
  const client = clientOf(registry, { insecureRegistries: [] });
  await expect(resolveIn(client, `${registry.host}/app`)).rejects.toMatchObject({ code: 'host_unavailable' });
  expect(registry.requests).toEqual([]);
});

describe('what may work the next time', () => {
  test('is attempted again', async () => {
    const registry = await startRegistry();
    const name = registry.push('app', 'v1', await imageOf({ layers: [hello] }));
    registry.conduct.failures.push({ status: 429, headers: { 'retry-after': '0' } }, { status: 503 });
    expect((await resolveIn(clientOf(registry), name)).layers).toHaveLength(1);
  });

  test('is not attempted without end', async () => {
    const registry = await startRegistry();
    const failures = Array.from({ length: 9 }, () => ({ status: 502 }));
    registry.conduct.failures.push(...failures);
    const client = clientOf(registry, { limits: { attempts: 3 } });
    await expect(resolveIn(client, `${registry.host}/app`)).rejects.toMatchObject({
      code: 'host_unavailable',
    });
    expect(registry.requests).toHaveLength(3);
  });

  test('is not waited for longer than is sensible', async () => {
    const registry = await startRegistry();
    registry.conduct.failures.push({ status: 429, headers: { 'retry-after': '3600' } });
    await expect(resolveIn(clientOf(registry), `${registry.host}/app`)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterSec: 3600,
    });
    expect(registry.requests).toHaveLength(1);
  });

  test('is not attempted when nobody wants it any more', async () => {
    const registry = await startRegistry();
    const stop = new AbortController();
    const reason = new Error('cancelled by its owner');
    stop.abort(reason);
    const client = clientOf(registry);
    const reference = parseReference(`${registry.host}/app`);
    await expect(client.resolve(reference, undefined, stop.signal)).rejects.toBe(reason);
  });
});
