import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { blobOf, imageOf, type TestImage } from '@wrenn/testkit/registry';
import { expect, test } from 'vitest';
import type { RegistryLimits } from './limits.ts';
import { always, clientOf, resolveIn, startRegistry } from './testing/registry-setup.ts';

const noise = randomBytes(1024 ** 2);

/** An image with one layer of noise, resolved, and how to read that. */
async function resolved(limits: Partial<RegistryLimits> = {}, pushed?: TestImage) {
  const registry = await startRegistry();
  const name = registry.push(
    'app',
    'v1',
    pushed ?? (await imageOf({ layers: [noise], compression: 'none' })),
  );
  const client = clientOf(registry, { limits });
  const image = await resolveIn(client, name);
  const [layer] = image.layers;
  if (layer === undefined) throw new Error('no layer');
  const open = (signal = always) => client.openLayer(image, layer, signal);
  return { registry, open };
}

/** An image whose manifest states another size of its layer. */
async function withLayerOf(size: number): Promise<TestImage> {
  const image = await imageOf({ layers: [noise], compression: 'none' });
  const manifest = JSON.parse(image.manifest.bytes.toString()) as { layers: object[] };
  const layers = manifest.layers.map((layer) => ({ ...layer, size }));
  return { ...image, manifest: blobOf({ ...manifest, layers }, image.manifest.mediaType) };
}

test('a layer is read as it is', async () => {
  const { open } = await resolved();
  expect(noise.equals(await buffer(await open()))).toBe(true);
});

test('a layer that was altered does not end, but fails', async () => {
  const { registry, open } = await resolved();
  registry.conduct.altered = 'layer';
  await expect(buffer(await open())).rejects.toMatchObject({
    code: 'image_refused',
    message: expect.stringContaining('is not what its digest says'),
    remedy: expect.any(String),
  });
});

test('a layer of another size than its manifest says is refused before it is read', async () => {
  const { open } = await resolved({}, await withLayerOf(10));
  await expect(open()).rejects.toMatchObject({ code: 'image_refused' });
});

test.each([
  ['more', 10, 'more came of'],
  ['less', 10_000_000, 'is not what its digest says'],
])('a layer of which %s comes than its manifest says fails', async (_how, size, message) => {
  const { registry, open } = await resolved({}, await withLayerOf(size));
  registry.conduct.hidesSize = true;
  await expect(open().then(buffer)).rejects.toMatchObject({
    code: 'image_refused',
    message: expect.stringContaining(message),
  });
});

test('a registry that stalls in a layer is given up', async () => {
  const { registry, open } = await resolved({ stallMs: 200 });
  registry.conduct.stallAfter = 1000;
  await expect(open().then(buffer)).rejects.toMatchObject({
    code: 'deadline_exceeded',
    message: expect.stringContaining('nothing came'),
  });
});

test('a registry that stalls before a layer is given up', async () => {
  const { registry, open } = await resolved({ stallMs: 200 });
  registry.conduct.stallAfter = 0;
  await expect(open()).rejects.toMatchObject({ code: 'deadline_exceeded' });
});

test('a layer goes on where the connection broke', async () => {
  const { registry, open } = await resolved();
  Object.assign(registry.conduct, { cutAfter: 100_000, cuts: 2 });
  expect(noise.equals(await buffer(await open()))).toBe(true);
});

test('a layer whose connections all break fails', async () => {
  const { registry, open } = await resolved({ attempts: 2 });
  registry.conduct.cutAfter = 100_000;
  await expect(buffer(await open())).rejects.toMatchObject({ code: 'host_unavailable' });
});

test('no more is read of a layer than is taken', async () => {
  const { open } = await resolved({ stallMs: 60_000 });
  const stream = await open();
  await once(stream, 'readable');
  await expect.poll(() => stream.readableLength).toBeGreaterThan(0);
  expect(stream.readableLength).toBeLessThan(noise.length / 2);
  expect(noise.equals(await buffer(stream))).toBe(true);
});

test('a layer that nobody wants any more ends with the reason while it is read', async () => {
  const { registry, open } = await resolved();
  registry.conduct.stallAfter = 1000;
  const stop = new AbortController();
  const reading = buffer(await open(stop.signal));
  const reason = new Error('the build was cancelled');
  stop.abort(reason);
  await expect(reading).rejects.toBe(reason);
});

test('a layer that nobody wants any more ends with the reason although nobody reads it', async () => {
  const { open } = await resolved();
  const stop = new AbortController();
  const stream = await open(stop.signal);
  const reason = new Error('the build was cancelled');
  const failed = once(stream, 'error');
  stop.abort(reason);
  expect(await failed).toEqual([reason]);
  expect(stream.destroyed).toBe(true);
});
