import { closeSync, readFileSync } from 'node:fs';
import { systemCode } from '@wrenn/core';
import { listenShared } from '@wrenn/sys';

/**
 * Listens at a port until another process does, and accepts nothing: connections are established at once and wait for
 * that process, to which the kernel gives them when this is disposed of. Throws SystemCallError when the port is taken.
 */
export function holdPort(address: string, port: number, backlog: number): Disposable {
  let fd: number | undefined = listenShared(address, port, backlog);
  return {
    [Symbol.dispose]() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

/** Whether the kernel passes connections on to another socket of the same port. If not they would be reset. */
export function canHandOver(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'latin1').trim() === '1';
  } catch (thrown) {
    // Linux before 5.14.
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
