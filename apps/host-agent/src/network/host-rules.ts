import { metadataEndpoint, vethPrefix } from './slot.ts';
import type { RangeNames } from './slot-range.ts';

/**
 * Where a guest never gets: RFC 1918, CGNAT, link-local (cloud metadata), loopback and multicast. The addresses of
 * slots and of the agent's services are inside 10.0.0.0/8. IPv6 needs no list: guests have none, all of it is dropped.
 */
const privateRanges = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/4',
] as const;

/**
 * The policy between the guests of a range and everything else, as one nft transaction that replaces what was there:
 * there is no instant without rules. It does not change when slots come and go, as it speaks of their interface group.
 *
 * An accept here does not overrule a drop in another table: a firewall of the machine's own must let the group pass.
 */
export function hostRules(range: RangeNames): string {
  const group = range.interfaceGroup;
  return `table inet ${range.table}
delete table inet ${range.table}
table inet ${range.table} {
  set private_ranges {
    type ipv4_addr; flags interval;
    elements = { ${privateRanges.join(', ')} }
  }
  chain wrenn_forward {
    type filter hook forward priority filter; policy accept;
    iifgroup ${group} tcp flags syn tcp option maxseg size set rt mtu
    oifgroup ${group} tcp flags syn tcp option maxseg size set rt mtu
    iifgroup ${group} goto from_guest
    oifgroup ${group} goto to_guest
  }
  chain from_guest {
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta nfproto ipv6 drop
    ip saddr != ${range.peers} drop
    oifname "${vethPrefix}*" drop
    ip daddr @private_ranges drop
    accept
  }
  chain to_guest {
    ct state established,related accept
    drop
  }
  chain wrenn_input {
    type filter hook input priority filter; policy accept;
    iifgroup ${group} goto to_host
    iif != "lo" ip daddr ${range.serviceAddress} drop
  }
  chain to_host {
    ct state established,related accept
    ip saddr ${range.peers} ip daddr ${range.serviceAddress} meta l4proto { tcp, udp } th dport 53 accept
    ip saddr ${range.peers} ip daddr ${range.serviceAddress} tcp dport ${metadataEndpoint.hostPort} accept
    drop
  }
  chain wrenn_masquerade {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${range.peers} oifname != "${vethPrefix}*" masquerade
  }
}
`;
}
