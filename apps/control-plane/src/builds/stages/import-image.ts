import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { WrennError, zeroId } from '@wrenn/core';
import type { ServerContext } from '../../server-context.ts';
import { findTemplate } from '../../templates/store.ts';
import type { Build } from '../build.ts';
import { findLayers } from '../layers.ts';
import type { BuildLog } from '../log/build-log.ts';
import { BuildCapsule } from '../machine/build-capsule.ts';
import type { ImageLayer } from '../registry/manifest.ts';
import { type Ground, keyOfImage } from '../steps/keys.ts';
import { layerPath, prepareScript, transplantScript, unpackLayerScript } from './import-scripts.ts';
import type { ImportedImage, StageEnd } from './stage-end.ts';

/** To unpack a gigabyte under emulation. */
const unpackSec = 1800;
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface ImportParts {
  readonly context: ServerContext;
  readonly build: Build;
  readonly log: BuildLog;
  readonly ground: Ground;
}

/**
 * A capsule whose root file system is the image. Its layers are unpacked in a capsule, by the guest itself: nothing of
 * an image is unpacked on a host.
 */
export async function importImage(
  { context, build, log, ground }: ImportParts,
  imported: ImportedImage,
  signal: AbortSignal,
): Promise<{ readonly value: StageEnd; readonly cached: boolean }> {
  const { image, reference } = imported;
  const key = keyOfImage(image.digest, ground);
  const end = (start: StageEnd['start']): StageEnd => ({
    ...{ key, start, image: imported, parent: undefined },
    surroundings: {
      user: image.config.user === '' ? 'root' : image.config.user,
      workdir: image.config.workingDir,
      env: { PATH: usualPath, ...image.config.env },
      args: {},
    },
  });
  const known = (await findLayers(context.database, build.teamId, [key])).get(key);
  if (known !== undefined) return { value: end(known.template), cached: true };

  const minimal = await findTemplate(context.database, zeroId('team'), 'minimal');
  await using capsule = await BuildCapsule.start(context, build, minimal);
  await capsule.script('making room for the image', prepareScript, [], signal);
  for (const [index, layer] of image.layers.entries()) {
    signal.throwIfAborted();
    const mebibytes = (layer.size / 1024 ** 2).toFixed(1);
    await log.note(`layer ${index + 1} of ${image.layers.length}: ${mebibytes} MiB of ${reference}`);
    const packed = await imported.open(layer, signal);
    await capsule.write(layerPath, plainIfZstd(packed, layer), signal);
    await capsule.script(
      `unpacking layer ${index + 1}`,
      unpackLayerScript,
      [kindOf(layer)],
      signal,
      unpackSec,
    );
  }
  await capsule.script('starting the image', transplantScript, [], signal);
  const layer = await capsule.keep(key);
  if (layer !== undefined) return { value: end(layer.template), cached: false };
  throw new WrennError('conflict', 'the image was given up while it was kept', { remedy: 'build again' });
}

/** The guest has gzip, but nothing for Zstandard. */
function plainIfZstd(packed: Readable, layer: ImageLayer): Readable {
  if (layer.mediaType !== 'tar+zstd') return packed;
  // A fault of either side is one of the stream that is read.
  return pipeline(packed, createZstdDecompress(), () => undefined);
}

function kindOf({ mediaType }: ImageLayer): string {
  return mediaType === 'tar+gzip' ? mediaType : 'tar';
}
