import { lastSlot, slotAt } from './slot.ts';

/**
 * The slot indexes of one agent: `first` to `first + count - 1`. The first gives the address of the agent's own
 * services and is never a capsule's. Agents that share a machine have ranges that do not overlap.
 */
export interface SlotRange {
  readonly first: number;
  /** Indexes, the one for services included: room for `count - 1` capsules. */
  readonly count: number;
}

/** Names and addresses on the host that belong to a range as a whole. */
export interface RangeNames {
  /** Where the guests reach the agent's DNS forwarder and metadata service. */
  readonly serviceAddress: string;
  /** The label of that address on the loopback interface: not every kernel has dummy interfaces. */
  readonly serviceLabel: string;
  /** The one nft table of the agent, in the family `inet`. */
  readonly table: string;
  /** The interface group of all hosts' ends: lets one rule speak of every slot of the range. */
  readonly interfaceGroup: number;
  /** From the first to the last `peerAddress`, as nft writes an interval. */
  readonly peers: string;
}

/** Those of the self-test, which runs beside an agent: no agent may have them. */
export const selftestSlots: SlotRange = { first: lastSlot - 3, count: 4 };

/** Groups are 32 bits wide and have no owner; the upper half spells "WR". */
const firstInterfaceGroup = 0x5752_0000;

export const tablePrefix = 'wrenn_';

/** Throws RangeError when the range has no slot or leaves the addresses that slots have. */
export function rangeNames(range: SlotRange): RangeNames {
  const { first, count } = range;
  if (!Number.isInteger(count) || count < 2)
    throw new RangeError(`a range of ${count} has no slot for a capsule`);
  const from = slotAt(first + 1).peerAddress;
  const to = slotAt(first + count - 1).peerAddress;
  return {
    serviceAddress: slotAt(first).vethAddress,
    serviceLabel: `lo:wrenn-${first}`,
    table: `${tablePrefix}${first}`,
    interfaceGroup: firstInterfaceGroup + first,
    // An interval of one address is a syntax error to nft.
    peers: from === to ? from : `${from}-${to}`,
  };
}

export function isCapsuleSlot({ first, count }: SlotRange, index: number): boolean {
  return Number.isInteger(index) && index > first && index < first + count;
}

/** The index in a name such as `wrenn-ns-7` or `wrenn-veth-7`, when it is a capsule's in this range. */
export function indexInName(range: SlotRange, name: string): number | undefined {
  const digits = /^wrenn-(?:ns-|veth-?)([1-9]\d{0,4})$/.exec(name)?.[1];
  const index = Number(digits);
  return digits !== undefined && index <= lastSlot && isCapsuleSlot(range, index) ? index : undefined;
}
