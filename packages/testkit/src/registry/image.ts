import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Blob, blobOf, descriptorOf, digestOf } from './blob.ts';
import { type LayerEntry, tarOf } from './layer-entry.ts';

export interface ImageOptions {
  /** From the lowest up: what is in each, or a tar as it is. */
  readonly layers: readonly (readonly LayerEntry[] | Buffer)[];
  /** `config` of the image's configuration: `User`, `Env`, `Cmd`, …. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /** Whose media types it has. */
  readonly format?: 'oci' | 'docker';
  readonly platform?: TestPlatform;
}

export interface TestPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface TestImage {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly platform: TestPlatform;
}

/** Several images under one name, one for each platform. */
export interface TestImageIndex {
  readonly manifest: Blob;
  readonly images: readonly TestImage[];
}

const types = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
    none: 'application/vnd.oci.image.layer.v1.tar',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    none: 'application/vnd.docker.image.rootfs.diff.tar',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  },
} as const;

/** An image as a build tool would push it. */
export async function imageOf({
  layers,
  config = {},
  compression = 'gzip',
  format = 'oci',
  platform = { os: 'linux', architecture: 'amd64' },
}: ImageOptions): Promise<TestImage> {
  const type = types[format];
  const tars = await Promise.all(
    layers.map((layer) => (Buffer.isBuffer(layer) ? layer : tarOf(layer as readonly LayerEntry[]))),
  );
  const blobs = tars.map((tar) => blobOf(compressed(tar, compression), type[compression]));
  const rootfs = { type: 'layers', diff_ids: tars.map(digestOf) };
  const stored = blobOf({ ...platform, config, rootfs }, type.config);
  const manifest = blobOf(
    {
      schemaVersion: 2,
      mediaType: type.manifest,
      config: descriptorOf(stored),
      layers: blobs.map(descriptorOf),
    },
    type.manifest,
  );
  return { manifest, config: stored, layers: blobs, platform };
}

export function imageIndexOf(images: readonly TestImage[], format: 'oci' | 'docker' = 'oci'): TestImageIndex {
  const mediaType = types[format].index;
  const manifests = images.map(({ manifest, platform }) => ({ ...descriptorOf(manifest), platform }));
  return { manifest: blobOf({ schemaVersion: 2, mediaType, manifests }, mediaType), images };
}

function compressed(tar: Buffer, compression: 'none' | 'gzip' | 'zstd'): Buffer {
  if (compression === 'none') return tar;
  return compression === 'gzip' ? gzipSync(tar) : zstdCompressSync(tar);
}
