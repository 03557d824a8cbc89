import { Transform } from 'node:stream';

const largestPieceBytes = 256 * 1024;

/**
 * Joins small pieces of a stream to large ones. What comes over TLS comes in pieces of 16 KiB, and each would be a chunk
 * of its own for the guest to parse. Nothing is held back once nothing more is there to be joined.
 */
export function gather(): Transform {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let waiting: NodeJS.Immediate | undefined;
  const give = (stream: Transform) => {
    clearImmediate(waiting);
    waiting = undefined;
    if (bytes === 0) return;
    const [only] = pieces;
    stream.push(pieces.length === 1 ? only : Buffer.concat(pieces, bytes));
    pieces = [];
    bytes = 0;
  };
  return new Transform({
    readableHighWaterMark: 2 * largestPieceBytes,
    transform(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= largestPieceBytes) give(this);
      else waiting ??= setImmediate(() => give(this));
      done();
    },
    flush(done) {
      give(this);
      done();
    },
    destroy(fault, done) {
      clearImmediate(waiting);
      done(fault);
    },
  });
}
