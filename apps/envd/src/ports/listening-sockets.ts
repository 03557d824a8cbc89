/** A TCP socket that takes connections. */
export interface ListeningSocket {
  /** `127.0.0.1`, also where the socket is an IPv6 one at the mapped address; of IPv6 as the kernel writes it. */
  readonly address: string;
  readonly port: number;
  /** By which a process finds the socket among its descriptors. */
  readonly inode: number;
}

/** What the kernel writes for these; see `hexadecimalAddress` in the tests. */
export const anyV6 = '0'.repeat(32);
export const loopbackV6 = '00000000000000000000000001000000';
const mappedV4 = '0000000000000000FFFF0000';

/** Local address and port, remote ones, state, queues, timer, retransmissions, user, timeout, inode. */
const line =
  /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (\d+)(?: |$)/gm;
const listening = '0A';

/** The listening sockets in the text of /proc/net/tcp or tcp6. What is no line of these is left out. */
export function parseSocketTable(text: string): ListeningSocket[] {
  return [...text.matchAll(line)]
    .filter(([, , , state]) => state === listening)
    .map(([, address = '', port = '', , inode = '']) => ({
      address: addressOf(address),
      port: Number.parseInt(port, 16),
      inode: Number(inode),
    }));
}

/** Each 32 bits are written as a number of this machine, which has its lowest byte first. */
function addressOf(hexadecimal: string): string {
  if (hexadecimal.length === 8) return dotted(hexadecimal);
  return hexadecimal.startsWith(mappedV4) ? dotted(hexadecimal.slice(mappedV4.length)) : hexadecimal;
}

function dotted(hexadecimal: string): string {
  return [...Buffer.from(hexadecimal, 'hex').reverse()].join('.');
}
