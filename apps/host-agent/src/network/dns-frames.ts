import { headerBytes } from './dns-message.ts';

/** DNS over TCP: each message follows its length in two bytes. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(2 + message.length);
  frame.writeUInt16BE(message.length, 0);
  message.copy(frame, 2);
  return frame;
}

/**
 * The messages of a stream, however it is cut into chunks. Ends with the stream, and at a frame too short to be DNS,
 * after which nothing can be trusted. Holds one message at most, and takes no more from the stream while its reader
 * is busy.
 */
export async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= 2) {
      const length = held.readUInt16BE(0);
      if (length < headerBytes) return;
      if (held.length < 2 + length) break;
      yield held.subarray(2, 2 + length);
      held = held.subarray(2 + length);
    }
  }
}
