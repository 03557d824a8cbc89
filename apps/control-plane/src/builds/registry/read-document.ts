import { createHash } from 'node:crypto';
import { deadline, WrennError } from '@wrenn/core';
import { inAttempts } from './attempts.ts';
import { imageRefused, statusFault } from './faults.ts';
import { readAtMost } from './read-at-most.ts';
import type { Digest } from './reference.ts';
import type { RepositoryAccess } from './repository-access.ts';

export interface WantedDocument {
  readonly path: string;
  /** For messages. */
  readonly what: string;
  readonly accept: string;
  readonly mostBytes: number;
  /** What it must be; absent for what is asked for by its tag. */
  readonly expected?: { readonly digest: Digest; readonly size?: number };
}

export interface Document {
  readonly bytes: Buffer;
  readonly digest: Digest;
  /** Without parameters. */
  readonly contentType: string;
}

/** Reads a small document as a whole, in several attempts where one can help, and checks that it is the one wanted. */
export async function readDocument(
  access: RepositoryAccess,
  wanted: WantedDocument,
  signal: AbortSignal,
): Promise<Document> {
  const { image, limits } = access;
  const { what, expected } = wanted;
  if ((expected?.size ?? 0) > wanted.mostBytes) throw tooLarge(image, wanted);
  const document = await inAttempts(limits, signal, () => attempt(access, wanted, signal));
  const isOther = expected !== undefined && document.digest !== expected.digest;
  if (isOther || (expected?.size !== undefined && document.bytes.length !== expected.size)) {
    throw altered(image, what);
  }
  return document;
}

/** What came is not what it is said to be. */
export function altered(image: string, what: string): WrennError {
  return imageRefused(image, `${what} is not what its digest says: it was altered, or came incomplete`, {
    remedy:
      'try again; if it stays so, the registry, or what is between it and Wrenn, serves a damaged image',
  });
}

async function attempt(
  access: RepositoryAccess,
  wanted: WantedDocument,
  signal: AbortSignal,
): Promise<Document> {
  const { image, limits } = access;
  const { path, what, accept, mostBytes } = wanted;
  using limit = deadline(limits.documentMs, `the image ${image}: reading ${what}`, signal);
  const answer = await access.open(path, { accept }, limit);
  try {
    if (answer.statusCode !== 200) throw await statusFault(image, what, answer, limit);
    const bytes = await readAtMost(answer, mostBytes);
    if (bytes === undefined) throw tooLarge(image, wanted);
    const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const stated = answer.headers['docker-content-digest'];
    if (typeof stated === 'string' && stated.startsWith('sha256:') && stated !== digest)
      throw altered(image, what);
    const [contentType = ''] = (answer.headers['content-type'] ?? '').split(';');
    return { bytes, digest, contentType: contentType.trim().toLowerCase() };
  } catch (thrown) {
    if (thrown instanceof WrennError) throw thrown;
    limit.throwIfAborted();
    const message = `the image ${image}: the registry ended the connection while it sent ${what}`;
    throw new WrennError('host_unavailable', message, { cause: thrown });
  } finally {
    answer.destroy();
  }
}

function tooLarge(image: string, { what, mostBytes }: WantedDocument): WrennError {
  return imageRefused(image, `${what} is larger than ${mostBytes} bytes`);
}
