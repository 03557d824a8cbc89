import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { WrennError } from '@wrenn/core';

/** What reads the parts of `multipart/form-data`. Throws `invalid_request` for a request that is no form. */
export function formParser(
  request: IncomingMessage,
  limits: { readonly fieldSize: number; readonly files: number },
): BusboyInstance {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type)) throw wrong('content-type', 'must be multipart/form-data');
  try {
    return Busboy({
      headers: { 'content-type': type },
      limits: { fields: 16, parts: 32, headerPairs: 32, ...limits },
    });
  } catch (cause) {
    throw wrong('content-type', 'names no boundary', cause);
  }
}

/** The content, broken where the client leaves before its end, or sends more than it may. */
export function bounded(
  content: Readable,
  request: IncomingMessage,
  { field, mostBytes }: { readonly field: string; readonly mostBytes: number },
): Readable {
  let size = 0;
  const checked = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= mostBytes) done(null, chunk);
      else done(new WrennError('too_large', `${field}: has more than ${mostBytes} bytes`, { field }));
    },
  });
  const breakOff = () => {
    if (!request.complete) checked.destroy(new WrennError('cancelled', 'the client went away'));
  };
  request.once('close', breakOff);
  content.on('error', (fault) => checked.destroy(wrong('body', 'is not a whole form', fault)));
  return content.pipe(checked);
}

export function wrong(field: string, problem: string, cause?: unknown): WrennError {
  return new WrennError('invalid_request', `${field}: ${problem}`, { field, cause });
}
