/** An address to listen on, as settings give it: the host without brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export function formatAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Where a client on this machine reaches what listens on `address`. */
export function localUrl(address: ListenAddress): string {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return `http://${formatAddress({ ...address, host: everywhere[address.host] ?? address.host })}`;
}
