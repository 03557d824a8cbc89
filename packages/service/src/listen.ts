import type { Server } from 'node:net';
import { describeError, systemCode, WrennError } from '@wrenn/core';

export interface ListenAddress {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
}

/** Listens and returns `host:port` with the port that it got. `variable` is the setting that the address is from. */
export async function listen(server: Server, address: ListenAddress, variable: string): Promise<string> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen({ ...address }, listening.resolve);
  try {
    await listening.promise;
  } catch (cause) {
    throw listenFault(cause, address, variable);
  }
  server.off('error', listening.reject);
  const bound = server.address();
  return addressText(
    typeof bound === 'object' && bound !== null ? { ...address, port: bound.port } : address,
  );
}

/** Why an address could not be listened on, with the setting that changes it. */
export function listenFault(cause: unknown, address: ListenAddress, variable: string): WrennError {
  const why = systemCode(cause) === 'EADDRINUSE' ? 'the address is in use' : describeError(cause);
  return new WrennError('missing_prerequisite', `listening on ${addressText(address)}: ${why}`, {
    cause,
    remedy: `end the program that has it, or set ${variable} to another address`,
  });
}

function addressText({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
