import type { IncomingMessage } from 'node:http';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { systemCode, WrennError } from '@wrenn/core';

/** After so long without a byte the client counts as gone. */
const longestSilenceMs = 120_000;
/** What came faster than the disk took it: so many pieces, of 64 KiB at most. */
const waitingPieces = 16;

/**
 * The body of an upload, unpacked when it is sent in gzip. Whoever reads it destroys it; the request itself stays whole,
 * so that there is still a connection to answer on.
 *
 * Reading fails with `invalid_request` for what is no gzip, `deadline_exceeded` after `silenceMs` without a byte, and
 * `cancelled` when the client is gone. Throws `invalid_request` for another encoding.
 */
export function receiveBody(request: IncomingMessage, silenceMs = longestSilenceMs): Readable {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'gzip' || encoding === 'x-gzip') return unpack(receive(request, silenceMs));
  if (encoding === 'identity' || encoding === '') return receive(request, silenceMs);
  throw new WrennError('invalid_request', `a body in ${JSON.stringify(encoding)} cannot be read`, {
    field: 'content-encoding',
    remedy: 'send it in gzip, or as it is',
  });
}

function receive(request: IncomingMessage, silenceMs: number): Readable {
  // In object mode pieces are not joined, which would copy them all.
  const body = new PassThrough({ readableObjectMode: true, readableHighWaterMark: waitingPieces });
  const gone = (cause?: Error) => {
    if (!request.complete) {
      body.destroy(new WrennError('cancelled', 'the client went away during its upload', { cause }));
    }
  };
  const silence = setTimeout(() => {
    // It is not the client's silence when the disk is what everything waits for.
    if (body.writableNeedDrain) silence.refresh();
    else body.destroy(new WrennError('deadline_exceeded', `no more of the upload came for ${silenceMs} ms`));
  }, silenceMs);
  const heard = () => silence.refresh();
  request.on('data', heard).on('error', gone).on('close', gone);
  body.once('close', () => {
    clearTimeout(silence);
    request.off('data', heard).off('close', gone);
  });
  return request.pipe(body);
}

function unpack(packed: Readable): Readable {
  const unpacked = createGunzip({ chunkSize: 64 * 1024 });
  // Whoever reads the end of the line gets the fault.
  pipeline(packed, unpacked, () => undefined);
  return unpacked;
}

/** What reading a body threw, as an error that a client understands. */
export function bodyFault(thrown: unknown): WrennError {
  if (!(thrown instanceof WrennError) && systemCode(thrown)?.startsWith('Z_')) {
    return new WrennError('invalid_request', 'the body is not gzip, or not all of it', { cause: thrown });
  }
  return WrennError.from(thrown, 'receiving the upload');
}
