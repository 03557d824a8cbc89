import { closeSync, constants, openSync } from 'node:fs';
import { checked, nativeFunction } from './libc.ts';

// SAFETY: TUNSETIFF takes the address of a struct ifreq, whose 40 bytes are referenced until the call returns; the kernel
// writes the name into it. It does not wait.
const control = nativeFunction('int ioctl(int fd, unsigned long request, void *argument)');

/** Of the kernel's include/uapi/linux/if_tun.h: the same on x86-64 and arm64. */
const setInterface = 0x400454ca;
const tapWithoutInfoWithHeader = 0x0002 | 0x1000 | 0x4000;
const requestBytes = 40;
const longestName = 15;

/**
 * Attaches to a TAP device as a VMM does: frames without packet information, with the header of virtio. It stays attached
 * until the descriptor is closed, which is the caller's to do. Root gets a new device of that name where there is none.
 * Throws SystemCallError: EBUSY where another is attached, EPERM for a device of another user, EINVAL for one of another
 * kind.
 */
export function attachTap(name: string): number {
  const bytes = Buffer.from(name);
  if (bytes.length === 0 || bytes.length > longestName)
    throw new RangeError(`${name} is not the name of a device`);
  const fd = openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const request = Buffer.alloc(requestBytes);
    bytes.copy(request);
    request.writeUInt16LE(tapWithoutInfoWithHeader, longestName + 1);
    checked('ioctl TUNSETIFF', control(fd, setInterface, request));
    return fd;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}
