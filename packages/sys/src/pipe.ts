import { checked, nativeFunction } from './libc.ts';

/** O_CLOEXEC, which `fs.constants` lacks; the same number on x86-64 and arm64. */
const closeOnExec = 0o2000000;

// SAFETY: `fds` is room for two 32-bit ints that the kernel fills during the call.
const pipe2 = nativeFunction('int pipe2(void *fds, int flags)');

export interface PipeEnds {
  readonly read: number;
  readonly write: number;
}

/**
 * A real pipe, both ends closed on exec; the caller closes them.
 *
 * Node's own `stdio: 'pipe'` makes socket pairs, and a program that opens `/dev/stdout` or `/dev/stderr` (which shell
 * scripts do a lot) gets ENXIO on a socket. Throws SystemCallError.
 */
export function openPipe(): PipeEnds {
  const fds = new Int32Array(2);
  checked('pipe2', pipe2(fds, closeOnExec));
  const [read = -1, write = -1] = fds;
  return { read, write };
}
