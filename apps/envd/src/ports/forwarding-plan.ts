import { anyV6, type ListeningSocket, loopbackV6 } from './listening-sockets.ts';

/** Where a listener on loopback is reached. */
export interface Target {
  readonly family: 4 | 6;
  readonly address: string;
}

/**
 * The ports that listen on loopback alone, and where. Of several listeners of one port one is taken: 127.0.0.1, else
 * another address of IPv4, else ::1. A port that something has at all addresses, or at `ownAddress`, needs no help.
 */
export function planForwarding(sockets: readonly ListeningSocket[], ownAddress: string): Map<number, Target> {
  const plan = new Map<number, Target>();
  for (const { address, port } of sockets) {
    const target = targetAt(address);
    const other = plan.get(port);
    if (target !== undefined && (other === undefined || rank(target) < rank(other))) plan.set(port, target);
  }
  for (const { address, port } of sockets) {
    if (address === '0.0.0.0' || address === anyV6 || address === ownAddress) plan.delete(port);
  }
  return plan;
}

export function isSameTarget(one: Target, other: Target | undefined): boolean {
  return one.address === other?.address;
}

function targetAt(address: string): Target | undefined {
  if (address.startsWith('127.')) return { family: 4, address };
  return address === loopbackV6 ? { family: 6, address: '[::1]' } : undefined;
}

function rank({ family, address }: Target): string {
  return address === '127.0.0.1' ? '' : `${family} ${address}`;
}
