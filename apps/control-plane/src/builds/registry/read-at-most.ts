import type { IncomingMessage } from 'node:http';

/** The whole body of an answer, or undefined for one that is longer than `most` bytes, of which the rest is not read. */
export async function readAtMost(answer: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let left = most;
  for await (const chunk of answer) {
    left -= (chunk as Buffer).length;
    // Leaving the loop ends the connection.
    if (left < 0) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
