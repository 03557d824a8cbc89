import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { WrennError } from '@wrenn/core';

const limitBytes = 1024 * 1024;
/** From the end of the head to the end of the body. */
const readDeadlineMs = 10_000;

/** Reads a request's body as JSON. Throws `too_large` above 1 MiB, `invalid_request` when it is not JSON. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBody(request);
  if (!isUtf8(bytes)) throw new WrennError('invalid_request', 'the body is not UTF-8');
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return value;
  } catch (cause) {
    throw new WrennError('invalid_request', 'the body is not JSON', { cause });
  }
}

/**
 * Reads a request's whole body; throws `too_large` above 1 MiB. By events, not by iteration, which in a capsule just
 * restored takes longer than all the reading.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const done = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const late = setTimeout(() => {
    done.reject(
      new WrennError('deadline_exceeded', `reading the body: took longer than ${readDeadlineMs} ms`),
    );
  }, readDeadlineMs);
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limitBytes) done.reject(tooLarge());
    else chunks.push(chunk);
  });
  request.on('end', () => done.resolve(Buffer.concat(chunks)));
  request.on('error', done.reject);
  try {
    return await done.promise;
  } finally {
    clearTimeout(late);
  }
}

function tooLarge(): WrennError {
  return new WrennError('too_large', `the body is larger than ${limitBytes} bytes`);
}
