import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorCodes, type WrennError } from '@wrenn/core';

/** An answer of HTTP in the place of an upgrade. */
export function refuse(socket: Duplex, error: WrennError): void {
  const { status } = errorCodes[error.code];
  const body = JSON.stringify({ error });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
