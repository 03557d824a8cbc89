import type { Duplex } from 'node:stream';
import { errorCodes, type WrennError } from '@wrenn/core';
import { answerRaw } from '@wrenn/service';

/** An answer of HTTP in the place of an upgrade. */
export function refuse(socket: Duplex, error: WrennError): void {
  const { status } = errorCodes[error.code];
  answerRaw(socket, status, { 'content-type': 'application/json' }, JSON.stringify({ error }));
}
