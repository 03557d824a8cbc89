import { checked, nativeFunction } from './libc.ts';

// SAFETY: `value` and `length` are typed arrays that are referenced until the call returns. The kernel writes at most as
// many bytes to `value` as `length` says, which is its size, and how many it wrote to `length`.
const getsockopt = nativeFunction('int getsockopt(int fd, int level, int option, void *value, void *length)');

/** IPPROTO_TCP, TCP_INFO: the same on x86-64 and arm64. */
const tcp = 6;
const tcpInfo = 11;
/** struct tcp_info up to and with `tcpi_last_data_recv`, which it ends in here; later fields are not asked for. */
const infoWords = 14;
const lastDataReceived = 13;

/**
 * How many milliseconds ago the kernel took the latest data of a TCP connection from the network, however long it has
 * been waiting since for this process to read it. As exact as the kernel's ticks, which mostly are 4 ms. Throws
 * SystemCallError.
 */
export function msSinceReceived(fd: number): number {
  const info = new Uint32Array(infoWords);
  const length = new Uint32Array([info.byteLength]);
  checked('getsockopt', getsockopt(fd, tcp, tcpInfo, info, length));
  return info[lastDataReceived] ?? 0;
}
