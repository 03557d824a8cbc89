import { closeSync, constants, openSync, readSync } from 'node:fs';
import { checked, errorCodeOf, nativeFunction, SystemCallError } from './libc.ts';

// SAFETY: integers, and typed arrays of the size that the request's structure has, referenced until the call returns. The
// kernel writes into them. Memory that a request names by address is checked by the kernel: a wrong one is EFAULT.
const ioctl = nativeFunction('int ioctl(int fd, unsigned long request, void *argument)');
const ioctlFlags = nativeFunction('int ioctl(int fd, unsigned long request, long flags)');
const call = nativeFunction('long syscall(long number, int flags)');

/**
 * Numbers of the kernel's include/uapi/linux/userfaultfd.h: requests carry the size of their structure, and are the same
 * on x86-64 and arm64. The number of the system call is x86-64's, for a kernel without the device.
 */
const request = {
  open: 0xaa00,
  api: 0xc018aa3f,
  register: 0xc020aa00,
  unregister: 0x8010aa01,
  wake: 0x8010aa02,
  copy: 0xc028aa03,
  zero: 0xc020aa04,
} as const;
const systemCallNumber = process.arch === 'arm64' ? 282 : 323;
const apiVersion = 0xaan;
const registerMissingMode = 1n;
const features = { event_remove: 1n << 3n } as const;
const messageBytes = 32;
const closeOnExec = 0o2000000;
const events = { fault: 0x12, remove: 0x15 } as const;

export type UserfaultFeature = keyof typeof features;

export type UserfaultEvent =
  /** A thread waits for the page at this address. */
  | { readonly kind: 'missing'; readonly address: bigint }
  /** The owner gave this memory back: it reads as zeros, and is missing again. */
  | { readonly kind: 'removed'; readonly start: bigint; readonly end: bigint }
  | { readonly kind: 'other'; readonly event: number };

export interface PageOutcome {
  /**
   * `done`: `bytes` were placed, perhaps not all. Else nothing was: `present` there is a page already; `changing` an event
   * has to be read first; `gone` the process has ended, or the memory is not registered any more; `fault` the source
   * cannot be read.
   */
  readonly kind: 'done' | 'present' | 'changing' | 'gone' | 'fault';
  readonly bytes: number;
}

/**
 * A userfaultfd of this process, non-blocking and closed on exec; who else may have it decides the caller. Throws
 * SystemCallError: EPERM without the right to handle faults of the kernel, EINVAL for a feature that it lacks.
 */
export function openUserfaultfd(wanted: readonly UserfaultFeature[]): number {
  const flags = closeOnExec | constants.O_NONBLOCK;
  const fd = openByDevice(flags) ?? checked('userfaultfd', call(systemCallNumber, flags));
  try {
    const bits = wanted.reduce((sum, name) => sum | features[name], 0n);
    checked('UFFDIO_API', ioctl(fd, request.api, BigUint64Array.of(apiVersion, bits, 0n)));
    return fd;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

/** From now on a missing page of this memory waits until it is placed. Whole pages. Throws SystemCallError. */
export function registerMissing(fd: number, address: bigint, length: bigint): void {
  const argument = BigUint64Array.of(address, length, registerMissingMode, 0n);
  checked('UFFDIO_REGISTER', ioctl(fd, request.register, argument));
}

/** Missing pages of it are zeros again. Throws SystemCallError. */
export function unregisterRange(fd: number, address: bigint, length: bigint): void {
  checked('UFFDIO_UNREGISTER', ioctl(fd, request.unregister, BigUint64Array.of(address, length)));
}

/** Lets the threads look again that wait for pages of it. Throws SystemCallError. */
export function wakeRange(fd: number, address: bigint, length: bigint): void {
  checked('UFFDIO_WAKE', ioctl(fd, request.wake, BigUint64Array.of(address, length)));
}

/** Places a copy of this process's memory at `from`, and wakes who waits for it. All are whole pages. */
export function copyPages(fd: number, to: bigint, from: bigint, length: number): PageOutcome {
  const argument = new BigInt64Array([BigInt.asIntN(64, to), from, BigInt(length), 0n, 0n]);
  return place('UFFDIO_COPY', fd, request.copy, argument, 4, length);
}

/** Places pages of zeros, and wakes who waits for them. */
export function zeroPages(fd: number, to: bigint, length: number): PageOutcome {
  const argument = new BigInt64Array([BigInt.asIntN(64, to), BigInt(length), 0n, 0n]);
  return place('UFFDIO_ZEROPAGE', fd, request.zero, argument, 3, length);
}

/** What happened since the last call, as far as it fits into `buffer`; nothing when nothing waits. Throws SystemCallError. */
export function readUserfaults(fd: number, buffer: Buffer): UserfaultEvent[] {
  let bytes: number;
  try {
    bytes = readSync(fd, buffer);
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'EAGAIN') return [];
    throw thrown;
  }
  const found: UserfaultEvent[] = [];
  for (let at = 0; at + messageBytes <= bytes; at += messageBytes) found.push(eventAt(buffer, at));
  return found;
}

/** struct uffd_msg: the event, and at 8 what belongs to it. */
function eventAt(buffer: Buffer, at: number): UserfaultEvent {
  const event = buffer.readUInt8(at);
  switch (event) {
    case events.fault:
      return { kind: 'missing', address: buffer.readBigUInt64LE(at + 16) };
    case events.remove:
      return {
        kind: 'removed',
        start: buffer.readBigUInt64LE(at + 8),
        end: buffer.readBigUInt64LE(at + 16),
      };
    default:
      return { kind: 'other', event };
  }
}

/** At `result` the kernel says how many bytes it placed before it stopped; a negative number is an error's. */
function place(
  name: string,
  fd: number,
  which: number,
  argument: BigInt64Array,
  result: number,
  length: number,
): PageOutcome {
  try {
    checked(name, ioctl(fd, which, argument));
    return { kind: 'done', bytes: length };
  } catch (thrown) {
    if (!(thrown instanceof SystemCallError)) throw thrown;
    const bytes = Number(argument[result] ?? 0n);
    if (bytes > 0) return { kind: 'done', bytes };
    switch (thrown.code) {
      case 'EEXIST':
        return { kind: 'present', bytes: 0 };
      case 'EAGAIN':
        return { kind: 'changing', bytes: 0 };
      case 'ESRCH':
      case 'ENOENT':
        return { kind: 'gone', bytes: 0 };
      case 'EFAULT':
        return { kind: 'fault', bytes: 0 };
      default:
        throw thrown;
    }
  }
}

/** Undefined where the kernel has no such device. It gives the right by the file's mode instead of by a capability. */
function openByDevice(flags: number): number | undefined {
  let device: number;
  try {
    device = openSync('/dev/userfaultfd', constants.O_RDWR);
  } catch (thrown) {
    if (['ENOENT', 'ENXIO', 'ENODEV', 'EACCES'].includes(errorCodeOf(thrown) ?? '')) return undefined;
    throw thrown;
  }
  try {
    return checked('USERFAULTFD_IOC_NEW', ioctlFlags(device, request.open, flags));
  } finally {
    closeSync(device);
  }
}
