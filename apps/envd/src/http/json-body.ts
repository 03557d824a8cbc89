import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { abortable, deadline, WrennError } from '@wrenn/core';

const limitBytes = 1024 * 1024;
/** From the end of the head to the end of the body. */
const readDeadlineMs = 10_000;

/** Reads a request's body as JSON. Throws `too_large` above 1 MiB, `invalid_request` when it is not JSON. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  using limit = deadline(readDeadlineMs, 'reading the body');
  const bytes = await abortable(collect(request), limit);
  if (!isUtf8(bytes)) throw new WrennError('invalid_request', 'the body is not UTF-8');
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return value;
  } catch (cause) {
    throw new WrennError('invalid_request', 'the body is not JSON', { cause });
  }
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early must not close the connection: the fault is still to be answered on it.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): WrennError {
  return new WrennError('too_large', `the body is larger than ${limitBytes} bytes`);
}
