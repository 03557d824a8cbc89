import { checked, nativeFunction } from './libc.ts';

// SAFETY: the kernel copies `length` bytes out of `name` during the call; the length is that of the same buffer.
const setHostNameOf = nativeFunction('int sethostname(const void *name, size_t length)');

/** Sets the host name of this UTS namespace: at most 64 bytes. Needs CAP_SYS_ADMIN; throws SystemCallError. */
export function setHostname(name: string): void {
  const bytes = new TextEncoder().encode(name);
  checked('sethostname', setHostNameOf(bytes, bytes.length));
}
