import { checked, nativeFunction } from './libc.ts';

const clockRealtime = 0;
const nanosecondsPerSecond = 1_000_000_000n;

// SAFETY: `time` is a 16-byte struct timespec (two 64-bit fields on every 64-bit Linux) that the kernel only reads
// during the call.
const clockSetTime = nativeFunction('int clock_settime(int clock, const void *time)');
// SAFETY: the kernel fills the same 16 bytes during the call.
const clockGetTime = nativeFunction('int clock_gettime(int clock, void *time)');

/** The wall clock, in nanoseconds since 1970. */
export function wallClockNs(): bigint {
  const time = new BigInt64Array(2);
  checked('clock_gettime', clockGetTime(clockRealtime, time));
  return (time[0] ?? 0n) * nanosecondsPerSecond + (time[1] ?? 0n);
}

/**
 * Steps the machine's wall clock to `toNs` (nanoseconds since 1970) and returns by how many nanoseconds it moved:
 * negative when it went back. Needs CAP_SYS_TIME; throws SystemCallError.
 */
export function stepWallClock(toNs: bigint): bigint {
  const before = wallClockNs();
  const time = new BigInt64Array([toNs / nanosecondsPerSecond, toNs % nanosecondsPerSecond]);
  checked('clock_settime', clockSetTime(clockRealtime, time));
  return toNs - before;
}
