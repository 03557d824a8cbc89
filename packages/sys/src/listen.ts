import { closeSync } from 'node:fs';
import { checked, nativeFunction } from './libc.ts';

// SAFETY: integers, and addresses of typed arrays that are referenced until the call returns: `value` is one 32-bit
// int, `address` the 16 bytes of a struct sockaddr_in, whose length is given. The kernel only reads them.
const socket = nativeFunction('int socket(int domain, int type, int protocol)');
const setsockopt = nativeFunction(
  'int setsockopt(int fd, int level, int option, const void *value, uint32_t length)',
);
const bind = nativeFunction('int bind(int fd, const void *address, uint32_t length)');
const listen = nativeFunction('int listen(int fd, int backlog)');

/** AF_INET, SOCK_STREAM | SOCK_CLOEXEC, SOL_SOCKET: the same on x86-64 and arm64, as are the options. */
const internet = 2;
const streamClosedOnExec = 1 | 0o2000000;
const socketLevel = 1;
const reuseAddress = 2;
const reusePort = 15;

/**
 * A TCP socket that listens at an IPv4 address and that nobody accepts connections from: they are established, and
 * wait. Another process of the same user may listen there too, if it sets SO_REUSEPORT. The caller closes it. Throws
 * SystemCallError: EADDRINUSE when another has the port.
 */
export function listenShared(address: string, port: number, backlog: number): number {
  const fd = checked('socket', socket(internet, streamClosedOnExec, 0));
  try {
    const on = new Int32Array([1]);
    checked('setsockopt', setsockopt(fd, socketLevel, reuseAddress, on, on.byteLength));
    checked('setsockopt', setsockopt(fd, socketLevel, reusePort, on, on.byteLength));
    const name = socketAddress(address, port);
    checked('bind', bind(fd, name, name.length));
    checked('listen', listen(fd, backlog));
    return fd;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

/** struct sockaddr_in: the family in this machine's byte order, port and address in the network's. */
function socketAddress(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[0] = internet;
  bytes.set([port >> 8, port & 255, ...address.split('.').map(Number)], 2);
  return bytes;
}
