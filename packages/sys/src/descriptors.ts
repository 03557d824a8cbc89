import { checked, nativeFunction } from './libc.ts';

// SAFETY: three integers. The bare system call, since musl's and older C libraries have no function for it.
const call = nativeFunction('long syscall(long number, unsigned int first, unsigned int last, int flags)');
/** The same number on every architecture. */
const closeRange = 436;
const markOnly = 4;
const lastDescriptor = 0xffffffff;

/**
 * Marks every open descriptor from `first` on so that no program started later inherits it: those that came from
 * whoever started this process, which nothing else closes. Throws SystemCallError.
 */
export function closeOnExecFrom(first: number): void {
  checked('close_range', call(closeRange, first, lastDescriptor, markOnly));
}
