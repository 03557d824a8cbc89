import { fc, test as property } from '@fast-check/vitest';
import { parseJson, WrennError } from '@wrenn/core';
import { expect } from 'vitest';
import { imageConfigOf } from './image-config.ts';
import { defaultLimits } from './limits.ts';
import { layersOf, readManifest, requireShape } from './manifest.ts';
import { indexTypes, layerTypes, manifestTypes } from './media-types.ts';
import { chooseManifest } from './platform.ts';
import { configSchema } from './schemas.ts';

const digest = `sha256:${'0'.repeat(64)}` as const;
const types = [...indexTypes, ...manifestTypes, ...layerTypes.keys(), 'application/json'];
const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 4, arbitrary: arbitrary as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
const descriptor = fc.record(
  {
    mediaType: maybe(fc.constantFrom(...types)),
    digest: maybe(fc.constant(digest)),
    size: maybe(fc.nat()),
    urls: maybe(fc.constantFrom(null, [])),
    platform: maybe(fc.constantFrom(null, { os: 'linux', architecture: 'amd64' })),
  },
  { requiredKeys: ['mediaType', 'digest', 'size'] },
);
const manifest = fc.record(
  {
    schemaVersion: maybe(fc.constantFrom(1, 2, 2, 2)),
    mediaType: maybe(fc.constantFrom(...types)),
    config: maybe(descriptor),
    layers: maybe(fc.array(descriptor)),
    manifests: maybe(fc.array(descriptor)),
  },
  { requiredKeys: ['schemaVersion'] },
);
const config = fc.record({
  rootfs: maybe(fc.record({ diff_ids: maybe(fc.array(fc.constant(digest))) })),
  config: maybe(fc.record({ Env: maybe(fc.array(fc.string())), ExposedPorts: maybe(fc.object()) })),
});

property.prop([
  fc.oneof(
    fc.json(),
    fc.string(),
    manifest.map((it) => JSON.stringify(it)),
  ),
  fc.oneof(
    fc.json(),
    config.map((it) => JSON.stringify(it)),
  ),
  fc.constantFrom('', ...types),
])('whatever a registry says is an image or is refused', (manifestText, configText, contentType) => {
  try {
    const read = readManifest('app', { bytes: Buffer.from(manifestText), digest, contentType });
    if (read.kind === 'index') {
      chooseManifest('app', read.index, { os: 'linux', architecture: 'amd64' });
      return;
    }
    const stored = requireShape('app', configSchema, parseJson(configText));
    imageConfigOf(stored);
    layersOf('app', read.manifest, stored.rootfs.diff_ids, defaultLimits);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WrennError);
    expect(thrown).toMatchObject({ code: 'image_refused', message: expect.stringMatching(/^[ -~…]*$/) });
  }
});
