import { parseId, WrennError } from '@wrenn/core';
import { type CapsuleAddress, capsuleAddressOf, isBareHost } from './capsule-address.ts';

/**
 * The port that a request is for, and how it was named: by the name of the host, by E2B's headers, or by a path that
 * begins with `/proxy/CAPSULE/PORT`.
 */
export interface Target extends CapsuleAddress {
  readonly form: 'host' | 'headers' | 'path';
  /** What is before the port's own paths; empty but for the form `path`. */
  readonly pathPrefix: string;
  /** Path and query as the capsule gets them. */
  readonly path: string;
}

interface Named {
  readonly host: string;
  readonly path: string;
  readonly sandboxId: string | undefined;
  readonly sandboxPort: string | undefined;
}

const proxyPath = /^\/proxy\/([^/?#]{1,60})\/(\d{1,5})(?=[/?#]|$)/;

/** Undefined for a request that is meant for no capsule; throws `invalid_request` for one that names it wrongly. */
export function targetOf({ host, path, sandboxId, sandboxPort }: Named): Target | undefined {
  const address = capsuleAddressOf({ host, sandboxId, sandboxPort });
  if (address !== undefined) {
    const form = sandboxId === undefined ? 'host' : 'headers';
    return { ...address, form, pathPrefix: '', path };
  }
  // At a name of a domain a page of a capsule would stand beside pages that trust each other.
  const match = isBareHost(host) ? proxyPath.exec(path) : null;
  if (match === null) return undefined;
  const [pathPrefix, id = '', port = ''] = match;
  const rest = path.slice(pathPrefix.length);
  return {
    capsuleId: parseId('capsule', id, 'path'),
    port: portIn(port),
    form: 'path',
    pathPrefix,
    path: rest.startsWith('/') ? rest : `/${rest}`,
  };
}

function portIn(text: string): number {
  const port = Number(text);
  if (port >= 1 && port <= 65_535 && !text.startsWith('0')) return port;
  throw new WrennError('invalid_request', 'the path has no port between 1 and 65535', { field: 'path' });
}
