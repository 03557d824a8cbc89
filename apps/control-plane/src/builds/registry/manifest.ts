import { parseJson } from '@wrenn/core';
import type { z } from 'zod';
import { imageRefused } from './faults.ts';
import type { RegistryLimits } from './limits.ts';
import { indexTypes, type LayerType, layerTypes, manifestTypes } from './media-types.ts';
import { quote } from './quote.ts';
import type { Document } from './read-document.ts';
import type { Digest } from './reference.ts';
import { documentSchema, type Index, indexSchema, type Manifest, manifestSchema } from './schemas.ts';

export interface ImageLayer {
  readonly digest: Digest;
  /** As it is sent. */
  readonly size: number;
  readonly mediaType: LayerType;
  /** SHA-256 of the layer unpacked to a plain tar. */
  readonly diffId: Digest;
}

export type ManifestDocument =
  | { readonly kind: 'index'; readonly index: Index }
  | { readonly kind: 'manifest'; readonly manifest: Manifest };

/** Reads what a registry has under the name of an image; what could be read as two things is refused. */
export function readManifest(image: string, { bytes, contentType }: Document): ManifestDocument {
  const json = parseJson(bytes.toString());
  const head = requireShape(image, documentSchema, json);
  if (head.schemaVersion === 1) {
    throw imageRefused(image, 'its manifest is of schema 1, which is no longer in use', {
      remedy: 'push the image again with a current program',
    });
  }
  const type = head.mediaType ?? contentType;
  if (head.schemaVersion === 2 && indexTypes.has(type) && head.layers === undefined) {
    return { kind: 'index', index: requireShape(image, indexSchema, json) };
  }
  if (head.schemaVersion === 2 && manifestTypes.has(type) && head.manifests === undefined) {
    return { kind: 'manifest', manifest: requireShape(image, manifestSchema, json) };
  }
  throw imageRefused(image, `its manifest is of the type ${quote(type)}, which is not that of an image`);
}

/** The layers from the lowest up, each with its digest unpacked. */
export function layersOf(
  image: string,
  { layers }: Manifest,
  diffIds: readonly Digest[],
  limits: RegistryLimits,
): readonly ImageLayer[] {
  if (layers.length > limits.layers) {
    throw imageRefused(image, `it has ${layers.length} layers, and at most ${limits.layers} are allowed`);
  }
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  if (total > limits.layerBytes) {
    throw imageRefused(image, `its layers have ${total} bytes, and at most ${limits.layerBytes} are allowed`);
  }
  if (diffIds.length !== layers.length) {
    throw imageRefused(image, 'its manifest and its configuration name different numbers of layers');
  }
  return diffIds.flatMap((diffId, index) => {
    const layer = layers[index];
    if (layer === undefined) return [];
    return [{ digest: layer.digest, size: layer.size, mediaType: layerTypeOf(image, layer), diffId }];
  });
}

function layerTypeOf(image: string, { mediaType, urls }: Manifest['layers'][number]): LayerType {
  if (mediaType.endsWith('+encrypted')) throw imageRefused(image, 'a layer of it is encrypted');
  const isForeign = mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
  if (isForeign || (urls ?? []).length > 0) {
    throw imageRefused(image, 'a layer of it is not kept by its registry, but somewhere else');
  }
  const type = layerTypes.get(mediaType);
  if (type === undefined) {
    throw imageRefused(image, `a layer of it is of the type ${quote(mediaType)}, which nobody unpacks here`);
  }
  return type;
}

export function requireShape<T extends z.ZodType>(image: string, schema: T, json: unknown): z.output<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = quote(issue?.path.map(String).join('.') ?? '');
  throw imageRefused(image, `what the registry says of it is not well-formed at ${where}: ${issue?.message}`);
}
