/**
 * A network slot: one namespace with a TAP for one virtual machine. What the guest sees is the same in every slot
 * (its address, its MAC, its gateway), so that a snapshot restores in any of them; what the host sees differs.
 */
export interface Slot {
  /** 1 to 32767; every other field follows from it. */
  readonly index: number;
  /** `wrenn-ns-N` */
  readonly namespace: string;
  /** The host's end of the pair: `wrenn-veth-N`, from 10000 on `wrenn-vethN`, as the kernel takes 15 characters. */
  readonly veth: string;
  /** Where the host reaches the guest: 10.11.0.0 + N. */
  readonly hostAddress: string;
  /** The host's end of the veth pair: 10.12.0.0 + 2N. */
  readonly vethAddress: string;
  /** The namespace's end: 10.12.0.0 + 2N + 1. Traffic from the guest arrives at the host with it. */
  readonly peerAddress: string;
  /** The unprivileged user that owns the TAP and runs the VMM; no other slot has the same. */
  readonly uid: number;
  readonly gid: number;
}

export const guest = {
  tap: 'tap0',
  address: '169.254.0.21',
  gateway: '169.254.0.22',
  prefix: 30,
  mac: '02:FC:00:00:00:05',
  /** The TAP's own: a snapshot remembers it in its neighbour table, so it is the same in every slot. */
  gatewayMac: '02:FC:00:00:00:06',
} as const;

/**
 * Where guests find what they are told of themselves, as Firecracker's do; and the port at the service address that
 * answers there: not 80, which a web server of the machine may have at all addresses.
 */
export const metadataEndpoint = { address: '169.254.169.254', port: 80, hostPort: 16_925 } as const;

/** Highest index: 2N + 1 must stay inside 10.12.0.0/16. */
export const lastSlot = 32767;

/** User and group IDs of VMMs: no account of these numbers need exist. One group, one user per slot. */
const firstUid = 210_000;
export const vmmGid = 210_000;

/** What all hosts' ends of pairs have in common, and nothing else on the machine. */
export const vethPrefix = 'wrenn-veth';

export function slotAt(index: number): Slot {
  if (!Number.isInteger(index) || index < 1 || index > lastSlot) throw new RangeError(`no slot ${index}`);
  return {
    index,
    namespace: `wrenn-ns-${index}`,
    veth: `${vethPrefix}${index < 10_000 ? '-' : ''}${index}`,
    hostAddress: `10.11.${index >> 8}.${index & 255}`,
    vethAddress: vethPairAddress(index * 2),
    peerAddress: vethPairAddress(index * 2 + 1),
    uid: firstUid + index,
    gid: vmmGid,
  };
}

function vethPairAddress(offset: number): string {
  return `10.12.${offset >> 8}.${offset & 255}`;
}
