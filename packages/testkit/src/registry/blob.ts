import { createHash } from 'node:crypto';

/** What a registry keeps under its digest. */
export interface Blob {
  readonly bytes: Buffer;
  readonly digest: `sha256:${string}`;
  readonly mediaType: string;
}

export function blobOf(content: Buffer | object, mediaType: string): Blob {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  return { bytes, digest: digestOf(bytes), mediaType };
}

export function digestOf(bytes: Buffer): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function descriptorOf({ bytes, digest, mediaType }: Blob) {
  return { mediaType, digest, size: bytes.length };
}
