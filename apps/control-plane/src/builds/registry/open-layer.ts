import type { IncomingMessage } from 'node:http';
import { deadline } from '@wrenn/core';
import { inAttempts } from './attempts.ts';
import { imageRefused, stalled, statusFault } from './faults.ts';
import type { ImageLayer } from './manifest.ts';
import { altered } from './read-document.ts';
import type { RepositoryAccess } from './repository-access.ts';

/** Has a registry begin to send a layer from a byte on; what comes after the head of the answer is for the caller. */
export async function openLayerFrom(
  access: RepositoryAccess,
  layer: ImageLayer,
  from: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { image, limits } = access;
  const what = nameOf(layer);
  return await inAttempts(limits, signal, async () => {
    using patience = deadline(limits.stallMs, `the image ${image}: waiting for ${what}`, signal);
    try {
      return await attempt(access, layer, from, patience);
    } catch (thrown) {
      signal.throwIfAborted();
      throw patience.aborted ? stalled(image, what, limits.stallMs) : thrown;
    }
  });
}

/** A layer, in messages. */
export function nameOf({ digest }: ImageLayer): string {
  return `the layer ${digest}`;
}

async function attempt(
  access: RepositoryAccess,
  layer: ImageLayer,
  from: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { image } = access;
  const what = nameOf(layer);
  const range = from === 0 ? {} : { range: `bytes=${from}-` };
  const answer = await access.open(`blobs/${layer.digest}`, range, signal);
  try {
    const status = from === 0 ? 200 : 206;
    if (from > 0 && (answer.statusCode === 200 || !goesOnFrom(answer, from))) {
      throw imageRefused(image, `the connection broke in ${what}, and the registry does not go on there`);
    }
    if (answer.statusCode !== status) throw await statusFault(image, what, answer, signal);
    const length = answer.headers['content-length'];
    if (length !== undefined && Number(length) !== layer.size - from) throw altered(image, what);
    return answer;
  } catch (thrown) {
    answer.destroy();
    throw thrown;
  }
}

/** False for an answer with a part of a layer, but another one than was asked for. */
function goesOnFrom({ statusCode, headers }: IncomingMessage, from: number): boolean {
  const [, first] = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '') ?? [];
  return statusCode !== 206 || Number(first) === from;
}
