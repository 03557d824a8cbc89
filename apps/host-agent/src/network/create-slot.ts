import { describeError, WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';
import { destroySlot } from './destroy-slot.ts';
import { namespaceFolder } from './inventory.ts';
import { guest, type Slot } from './slot.ts';
import type { RangeNames } from './slot-range.ts';
import { slotRules } from './slot-rules.ts';

const timeoutMs = 15_000;

/**
 * Of QEMU's and Firecracker's bursts towards the guest, the default of 1000 packets loses some under load.
 * Tried by the predecessor, whose value it is.
 */
const tapQueueLength = 5_000;

/**
 * What only a process inside the namespace can do, in one. IPv6 goes off before any interface is up, so that none
 * gets an address; its files are missing where the kernel was started without it. The script has no data in it.
 */
const insideScript = `set -e
echo 1 >/proc/sys/net/ipv4/ip_forward
for file in /proc/sys/net/ipv6/conf/*/disable_ipv6; do
  if [ -e "$file" ]; then echo 1 >"$file"; fi
done
exec nft -f -`;

/**
 * Makes the namespace, the pair, the TAP, the routes and the rules of a slot: three programs, about 20 ms.
 * After a fault nothing of it is left, or the error says what is.
 */
export async function createSlot(slot: Slot, range: RangeNames, signal: AbortSignal): Promise<void> {
  const options = { signal, timeoutMs };
  try {
    await run(['ip', '-batch', '-'], { ...options, input: hostCommands(slot, range) });
    await run(['nsenter', `--net=${namespaceFolder}/${slot.namespace}`, 'sh', '-c', insideScript], {
      ...options,
      input: slotRules(slot, range.serviceAddress),
    });
    await run(['ip', '-n', slot.namespace, '-batch', '-'], { ...options, input: namespaceCommands(slot) });
  } catch (cause) {
    const remains = await destroySlot(slot).then(
      () => '',
      (thrown: unknown) => `, and it could not be removed again: ${describeError(thrown)}`,
    );
    const error = WrennError.from(cause);
    throw new WrennError(error.code, `making network slot ${slot.index}: ${error.message}${remains}`, {
      cause,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    });
  }
}

/** The pair is in the range's interface group from the first moment, so that the policy holds for it. */
function hostCommands(slot: Slot, range: RangeNames): string {
  return `netns add ${slot.namespace}
link add ${slot.veth} group ${range.interfaceGroup} type veth peer name eth0 netns ${slot.namespace}
addr add ${slot.vethAddress}/31 dev ${slot.veth}
link set ${slot.veth} addrgenmode none up
route add ${slot.hostAddress}/32 via ${slot.peerAddress} dev ${slot.veth}
`;
}

/** The fixed neighbour spares the first packet to a restored guest an ARP exchange. */
function namespaceCommands(slot: Slot): string {
  return `link set lo up
addr add ${slot.peerAddress}/31 dev eth0
link set eth0 up
route add default via ${slot.vethAddress}
tuntap add ${guest.tap} mode tap user ${slot.uid} group ${slot.gid}
link set ${guest.tap} address ${guest.gatewayMac} txqueuelen ${tapQueueLength}
addr add ${guest.gateway}/${guest.prefix} dev ${guest.tap}
link set ${guest.tap} up
neigh add ${guest.address} lladdr ${guest.mac} dev ${guest.tap} nud permanent
`;
}
