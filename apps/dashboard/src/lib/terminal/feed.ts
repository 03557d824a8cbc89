/** What takes bytes and says when it has worked them off, as xterm does. */
export interface Sink {
  write(bytes: Uint8Array, done: () => void): void;
}

/** What may wait for a screen; beyond that nothing is read, which in the end holds up the program. */
const mostWaitingBytes = 128 * 1024;
/** A screen works off a piece at a stretch, and the page stands still meanwhile. */
const pieceBytes = 8 * 1024;

/**
 * Gives a screen what a terminal prints, as fast as it works it off. `onRead` is called before the first piece of what is
 * read at once, and `onDrained` whenever nothing waits any more. Returns when all is on the screen.
 */
export async function feed(
  source: AsyncIterable<Uint8Array>,
  sink: Sink,
  { onRead, onDrained }: { readonly onRead?: () => void; readonly onDrained?: () => void } = {},
): Promise<void> {
  let waiting = 0;
  let room = Promise.withResolvers<void>();
  const done = (bytes: number) => {
    waiting -= bytes;
    room.resolve();
    if (waiting === 0) onDrained?.();
  };
  for await (const bytes of source) {
    onRead?.();
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      waiting += piece.length;
      sink.write(piece, () => done(piece.length));
    }
    while (waiting >= mostWaitingBytes) {
      room = Promise.withResolvers<void>();
      await room.promise;
    }
  }
  while (waiting > 0) {
    room = Promise.withResolvers<void>();
    await room.promise;
  }
}
