import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { WrennError } from '@wrenn/core';
import { readFully } from './descriptors.ts';

/** Two of them are all the memory that a download takes, whatever its size. */
const pieceBytes = 256 * 1024;

export interface Span {
  readonly start: number;
  /** Infinity: to the end of the file. */
  readonly length: number;
}

/**
 * Sends part of an open file as the whole body. Throws when the file turns out shorter, with the body not ended: the
 * client must not take what it has for all there is.
 */
export async function sendSpan(fd: number, span: Span, response: ServerResponse): Promise<void> {
  await copySpan(fd, span, response, response);
  response.end();
}

/** The same in gzip. The quickest level: in a capsule the processor is what is short, not the line. */
export async function sendCompressed(fd: number, span: Span, response: ServerResponse): Promise<void> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  const sent = pipeline(gzip, response);
  // It is waited for at the end, and may have failed by then.
  sent.catch(() => undefined);
  try {
    await copySpan(fd, span, gzip, response);
    gzip.end();
  } catch (thrown) {
    // Breaks the response off too.
    gzip.destroy();
    throw thrown;
  }
  await sent;
}

/** Reads one piece while the one before is written. Each is used again as soon as it is out of our hands. */
async function copySpan(fd: number, span: Span, to: Writable, response: ServerResponse): Promise<void> {
  const pieces = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)] as const;
  let written: Promise<void> = Promise.resolve();
  let position = span.start;
  let left = span.length;
  for (let turn = 0; left > 0; turn++) {
    const piece = pieces[turn % 2 === 0 ? 0 : 1].subarray(0, Math.min(pieceBytes, left));
    const length = await readFully(fd, piece, position);
    await written;
    if (length > 0) written = write(to, piece.subarray(0, length), response);
    position += length;
    left -= length;
    if (length < piece.length) break;
  }
  await written;
  if (left > 0 && left !== Number.POSITIVE_INFINITY) {
    throw new WrennError('conflict', `the file became ${left} bytes shorter while it was sent`);
  }
}

/** Settles when the bytes are written, or the client is gone. */
function write(to: Writable, bytes: Buffer, response: ServerResponse): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // A response whose client goes away may leave the writes that wait without an answer.
  const gone = () => reject(new WrennError('cancelled', 'the client is gone'));
  response.once('close', gone);
  to.write(bytes, (fault) => {
    response.off('close', gone);
    if (fault) reject(new WrennError('cancelled', 'the client is gone', { cause: fault }));
    else resolve();
  });
  // It is waited for only when the next piece has been read, and may have failed by then.
  promise.catch(() => undefined);
  return promise;
}
