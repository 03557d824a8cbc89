import type { Readable } from 'node:stream';
import { parseJson } from '@wrenn/core';
import type { AddressGuard } from '../../outgoing/address-guard.ts';
import type { RegistryCredentials } from './credentials.ts';
import { imageRefused } from './faults.ts';
import { type ImageConfig, imageConfigOf } from './image-config.ts';
import { LayerStream } from './layer-stream.ts';
import { defaultLimits, type RegistryLimits } from './limits.ts';
import { type ImageLayer, layersOf, readManifest, requireShape } from './manifest.ts';
import { acceptedManifests } from './media-types.ts';
import { openLayerFrom } from './open-layer.ts';
import { chooseManifest, type Platform, requirePlatform } from './platform.ts';
import { readDocument } from './read-document.ts';
import type { Digest, ImageReference } from './reference.ts';
import { type AccessOptions, RepositoryAccess } from './repository-access.ts';
import { configSchema, type Manifest } from './schemas.ts';

export interface RegistryClientOptions {
  readonly guard: AddressGuard;
  /** Hosts, with their ports, that are spoken to without TLS; all of the others with it. */
  readonly insecureRegistries?: readonly string[];
  /** `linux/amd64` where it is not given. */
  readonly platform?: Platform;
  readonly limits?: Partial<RegistryLimits>;
}

/** An image for one platform. What it is made of is fixed: nothing that is pushed later changes it. */
export interface ResolvedImage {
  /** Of the manifest for the platform. */
  readonly digest: Digest;
  readonly platform: Platform;
  readonly config: ImageConfig;
  /** From the lowest up. */
  readonly layers: readonly ImageLayer[];
  /** By which its layers are read. */
  readonly access: RepositoryAccess;
}

/** Reads images from registries that speak the distribution API; believes nothing of them that it has not checked. */
export class RegistryClient {
  readonly #options: AccessOptions;
  readonly #platform: Platform;

  constructor({ guard, insecureRegistries = [], platform, limits }: RegistryClientOptions) {
    const insecure = insecureRegistries.map((registry) => registry.toLowerCase());
    this.#options = { guard, insecureRegistries: insecure, limits: { ...defaultLimits, ...limits } };
    this.#platform = platform ?? { os: 'linux', architecture: 'amd64' };
  }

  /** What the image is now. `credentials` are shown to its registry only, and to where that gives out tokens. */
  async resolve(
    reference: ImageReference,
    credentials: RegistryCredentials | undefined,
    signal: AbortSignal,
  ): Promise<ResolvedImage> {
    const access = new RepositoryAccess(this.#options, reference, credentials);
    const { image, limits } = access;
    const { digest, manifest } = await this.#manifestOf(access, reference, signal);
    const document = await readDocument(
      access,
      {
        path: `blobs/${manifest.config.digest}`,
        what: 'the configuration',
        accept: '*/*',
        mostBytes: limits.configBytes,
        expected: manifest.config,
      },
      signal,
    );
    const stored = requireShape(image, configSchema, parseJson(document.bytes.toString()));
    requirePlatform(image, stored, this.#platform);
    const layers = layersOf(image, manifest, stored.rootfs.diff_ids, limits);
    return { digest, platform: this.#platform, config: imageConfigOf(stored), layers, access };
  }

  /** The layer as its registry packs it; destroyed with the fault where it is not the one that the image names. */
  async openLayer({ access }: ResolvedImage, layer: ImageLayer, signal: AbortSignal): Promise<Readable> {
    const { image, limits } = access;
    const open = (from: number, wanted: AbortSignal) => openLayerFrom(access, layer, from, wanted);
    const { stallMs, attempts } = limits;
    return await LayerStream.open({ image, layer, stallMs, reconnections: attempts - 1, open }, signal);
  }

  async #manifestOf(
    access: RepositoryAccess,
    reference: ImageReference,
    signal: AbortSignal,
  ): Promise<{ digest: Digest; manifest: Manifest }> {
    const { image, limits } = access;
    const ask = (name: string, expected?: { digest: Digest; size?: number }) =>
      readDocument(
        access,
        {
          path: `manifests/${name}`,
          what: 'the manifest',
          accept: acceptedManifests,
          mostBytes: limits.manifestBytes,
          ...(expected === undefined ? {} : { expected }),
        },
        signal,
      );
    const pinned = reference.digest;
    const named = await (pinned === undefined
      ? ask(reference.tag ?? 'latest')
      : ask(pinned, { digest: pinned }));
    const read = readManifest(image, named);
    if (read.kind === 'manifest') return { digest: named.digest, manifest: read.manifest };
    const chosen = chooseManifest(image, read.index, this.#platform);
    const own = readManifest(image, await ask(chosen.digest, chosen));
    if (own.kind === 'index') throw imageRefused(image, 'its list of manifests leads to another list');
    return { digest: chosen.digest, manifest: own.manifest };
  }
}
