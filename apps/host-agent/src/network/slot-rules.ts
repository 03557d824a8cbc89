import { guest, metadataEndpoint, type Slot } from './slot.ts';

/**
 * Connections that one guest can have at a time. The kernel's table of connections is shared by the whole machine
 * (262144 entries is common), and an entry costs about 300 bytes that no cgroup counts.
 */
const connectionsPerGuest = 8_192;

/** New connections to the metadata service: it is answered by the agent, which has other things to do. */
const metadataConnectionsPerSecond = 50;

/**
 * The rules inside a slot's namespace, as one nft transaction. They give every guest the same surroundings: it sees
 * only its gateway, whatever the host's addresses are, and it leaves only with the slot's own address.
 *
 * DNAT of DNS must be by port and not for all of the gateway: the rest of the gateway's ports are the namespace's.
 */
export function slotRules(slot: Slot, serviceAddress: string): string {
  const metadata = metadataEndpoint;
  return `table ip wrenn {
  chain wrenn_dnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" ip daddr ${slot.hostAddress} dnat to ${guest.address}
    iifname "${guest.tap}" ip daddr ${guest.gateway} meta l4proto { tcp, udp } th dport 53 dnat to ${serviceAddress}
    iifname "${guest.tap}" ip daddr ${metadata.address} tcp dport ${metadata.port} dnat to ${serviceAddress}:${metadata.hostPort}
  }
  chain wrenn_snat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" ip saddr ${guest.address} snat to ${slot.peerAddress}
    oifname "${guest.tap}" snat to ${guest.gateway}
  }
  chain wrenn_forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "${guest.tap}" ct count over ${connectionsPerGuest} drop
    iifname "${guest.tap}" ct original ip daddr ${metadata.address} limit rate over ${metadataConnectionsPerSecond}/second burst ${metadataConnectionsPerSecond} packets drop
    iifname "${guest.tap}" oifname "eth0" ip saddr ${guest.address} accept
    iifname "eth0" oifname "${guest.tap}" ct status dnat accept
  }
  chain wrenn_input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    iifname "${guest.tap}" ip daddr ${guest.gateway} icmp type echo-request accept
  }
}
`;
}
