import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { WrennError } from '@wrenn/core';

/** What is not the internet: RFC 6890 and its kin. Networks whose addresses carry another one in them are here too. */
const privateNetworks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  'fc00::/7',
  'fe80::/9',
  'ff00::/8',
];

/** Which addresses requests that a user caused may go to: those of the internet, and what the operator allows. */
export class AddressGuard {
  readonly #refused = listOf(privateNetworks);
  readonly #allowed: BlockList;
  readonly #setting: string;

  /** `allowed`: addresses and networks; `setting`: where an operator names them. */
  constructor(allowed: readonly string[], setting: string) {
    this.#allowed = listOf(allowed);
    this.#setting = setting;
  }

  allows(address: string): boolean {
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
    if (family === undefined) return false;
    return this.#allowed.check(address, family) || !this.#refused.check(address, family);
  }

  /** What to throw where `host` is, or leads to, no address that is allowed. */
  refusal(host: string): WrennError {
    return new WrennError('forbidden', `${host} is not an address of the internet`, {
      remedy: `use a public address; an operator can allow private ones with ${this.#setting}`,
    });
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
