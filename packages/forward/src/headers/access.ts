/** Prefix of the WebSocket subprotocol that carries a credential: browsers can send no header of their own there. */
const accessProtocol = 'wrenn-access.';
/** The parameter of a query that carries one. */
const accessParameter = 'wrenn_access';

/** The credential among the subprotocols that a client offers. */
export function accessInProtocols(offered: string | undefined): string | undefined {
  return carrierIn(offered)?.slice(accessProtocol.length);
}

/** Undefined when nothing else is offered. */
export function withoutAccessProtocol(offered: string): string | undefined {
  if (!offered.includes(accessProtocol)) return offered;
  const kept = offered.split(',').filter((protocol) => !protocol.trim().startsWith(accessProtocol));
  return kept.length === 0 ? undefined : kept.join(',').trim();
}

/**
 * The subprotocol with the credential, when a client offers no other. The guest hears of none and chooses none, and a
 * client that offered some closes a WebSocket for which none is chosen.
 */
export function soleAccessProtocol(offered: string | undefined): string | undefined {
  const carrier = carrierIn(offered);
  return carrier !== undefined && withoutAccessProtocol(offered ?? '') === undefined ? carrier : undefined;
}

/** The credential in the query of a path or an address. */
export function accessInQuery(address: string): string | undefined {
  return address.includes(accessParameter) ? split(address).credential : undefined;
}

/** The same path or address without it, every other byte as it was. */
export function withoutAccess(address: string): string {
  return address.includes(accessParameter) ? split(address).rest : address;
}

function split(address: string): { credential: string | undefined; rest: string } {
  const start = address.indexOf('?');
  if (start < 0) return { credential: undefined, rest: address };
  const pairs = address.slice(start + 1).split('&');
  const prefix = `${accessParameter}=`;
  const kept = pairs.filter((pair) => !pair.startsWith(prefix));
  const credential = pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length);
  return { credential, rest: address.slice(0, start) + (kept.length === 0 ? '' : `?${kept.join('&')}`) };
}

function carrierIn(offered: string | undefined): string | undefined {
  return offered
    ?.split(',')
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol.startsWith(accessProtocol));
}
