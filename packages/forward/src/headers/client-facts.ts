/** What only a proxy can know of a client. */
const ofClient = new Set([
  'host',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-real-ip',
]);

/** Meant for the platform: the credentials for a port are none of the guest's business. */
const ofPlatform = new Set(['e2b-traffic-access-token', 'x-wrenn-access', 'x-wrenn-host-secret']);

/** Names in lower case. Many servers read `_` as `-`: what is the proxy's to say has no second spelling. */
export function isOfClient(name: string): boolean {
  return ofClient.has(hyphened(name));
}

export function isOfPlatform(name: string): boolean {
  return ofPlatform.has(hyphened(name));
}

function hyphened(name: string): string {
  return name.includes('_') ? name.replaceAll('_', '-') : name;
}
