import type { CapsuleId } from '@wrenn/core';

/**
 * Where a port of a capsule is seen from outside. `edgeUrl` is the edge's own address, whose name the port and the
 * capsule are put before.
 */
export function portUrl(edgeUrl: URL, id: CapsuleId, port: number): URL {
  const url = new URL(edgeUrl);
  url.hostname = `${port}-${id}.${edgeUrl.hostname}`;
  return url;
}
