import { z } from 'zod';
import { type Digest, isDigest } from './reference.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'no SHA-256');
/** Nothing of a system can hold a NUL. */
const text = z.string().refine((value) => !value.includes('\0'), 'holds a NUL');
const texts = z.array(text).nullish();
const platform = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().nullish(),
});
const descriptor = z.object({
  mediaType: z.string(),
  digest,
  size: z.int().nonnegative(),
  urls: texts,
});

/** A list of manifests, one for each platform. */
export const indexSchema = z.object({
  manifests: z.array(descriptor.extend({ platform: platform.nullish() })).max(1000),
});

export const manifestSchema = z.object({
  config: descriptor,
  layers: z.array(descriptor),
});

/** What tells the two, and what is older than both, apart. */
export const documentSchema = z.object({
  schemaVersion: z.int(),
  mediaType: z.string().optional(),
  manifests: z.unknown().optional(),
  layers: z.unknown().optional(),
});

/** What a container of the image runs, as Docker and OCI write it; null and absent are alike. */
export const configSchema = z.object({
  os: z.string().nullish(),
  architecture: z.string().nullish(),
  variant: z.string().nullish(),
  rootfs: z.object({ diff_ids: z.array(digest) }),
  config: z
    .object({
      User: text.nullish(),
      Env: texts,
      WorkingDir: text.nullish(),
      Entrypoint: texts,
      Cmd: texts,
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      Healthcheck: z
        .object({
          Test: texts,
          Interval: z.number().nullish(),
          Timeout: z.number().nullish(),
          StartPeriod: z.number().nullish(),
          Retries: z.number().nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

export type Index = z.output<typeof indexSchema>;
export type Manifest = z.output<typeof manifestSchema>;
export type StoredConfig = z.output<typeof configSchema>;
