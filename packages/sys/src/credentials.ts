import { checked, nativeFunction } from './libc.ts';

/** What the kernel decides permissions by. `groups` are the supplementary ones. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

// SAFETY: the bare system calls, not the C library's functions of these names: those change every thread of the
// process, the kernel's change only the caller. All arguments are integers or one address, which syscall() takes in
// the same registers whether declared variadic or not, on x86-64 and on arm64.
const call = nativeFunction('long syscall(long number, long a, long b, long c)');
const callWithList = nativeFunction('long syscall(long number, long count, const void *list)');
// SAFETY: the kernel fills at most `size` 32-bit IDs; with 0 it only counts them.
const getgroups = nativeFunction('int getgroups(int size, void *list)');
// SAFETY: `header` is 8 bytes and `data` 24 (struct __user_cap_data_struct[2] of version 3); capget fills `data`.
const capget = nativeFunction('int capget(void *header, void *data)');
const capset = nativeFunction('int capset(void *header, const void *data)');

interface Numbers {
  readonly setgroups: number;
  readonly setresuid: number;
  readonly setresgid: number;
}
const callNumbers: Readonly<Record<string, Numbers>> = {
  x64: { setgroups: 116, setresuid: 117, setresgid: 119 },
  arm64: { setgroups: 159, setresuid: 147, setresgid: 149 },
};

/** _LINUX_CAPABILITY_VERSION_3, and the bit that setgroups(2) asks for. */
const capabilityVersion = 0x20080522;
const capSetgid = 1 << 6;
const keep = -1;

/**
 * Runs `spawn` so that a child it starts with Node's `uid` and `gid` options gets `credentials` with its
 * supplementary groups.
 *
 * libuv calls setgroups(0) in the child, which would drop them, and ignores when that is refused. So for as long as
 * `spawn` runs, this thread has the groups and the group ID, and lacks the capability to change them; the child
 * inherits all of that, its setgid() to the ID that it has already succeeds, and its setuid() then takes every
 * capability. The thread's user IDs stay root's throughout, so at no instant may the user signal or trace us.
 *
 * `spawn` must be synchronous and runs as root with the user's groups. Needs root; throws SystemCallError, with the
 * thread as it was before.
 */
export function withGroupsForChild<T>({ gid, groups }: Credentials, spawn: () => T): T {
  const numbers = callsOfThisMachine();
  const header = new Uint32Array([capabilityVersion, 0]);
  const full = new Uint32Array(6);
  checked('capget', capget(header, full));
  const reduced = full.slice();
  reduced[0] = (full[0] ?? 0) & ~capSetgid;
  const own = ownGroups();
  try {
    enterGroups(numbers, gid, groups);
    checked('capset', capset(header, reduced));
    return spawn();
  } finally {
    checked('capset', capset(header, full));
    enterGroups(numbers, 0, own);
  }
}

/**
 * Runs `action` on this thread with the file permissions of `credentials`: for looking at a path the way the user
 * would see it. `action` must be synchronous, and must not touch libuv's thread pool, whose threads stay root's.
 * Only the effective IDs change, so the user may not signal us meanwhile. Needs root; throws SystemCallError.
 */
export function withFilePermissionsOf<T>({ uid, gid, groups }: Credentials, action: () => T): T {
  const numbers = callsOfThisMachine();
  const own = ownGroups();
  try {
    enterGroups(numbers, gid, groups);
    checked('setresuid', call(numbers.setresuid, keep, uid, keep));
    return action();
  } finally {
    checked('setresuid', call(numbers.setresuid, keep, 0, keep));
    enterGroups(numbers, 0, own);
  }
}

function enterGroups(numbers: Numbers, gid: number, groups: readonly number[]): void {
  const list = new Uint32Array(groups);
  checked('setgroups', callWithList(numbers.setgroups, list.length, list));
  checked('setresgid', call(numbers.setresgid, gid, gid, gid));
}

/** Node's own getgroups adds the effective group, which may not be one of them. */
function ownGroups(): readonly number[] {
  const count = checked('getgroups', getgroups(0, null));
  const list = new Uint32Array(count);
  return [...list.subarray(0, checked('getgroups', getgroups(count, list)))];
}

function callsOfThisMachine(): Numbers {
  const numbers = callNumbers[process.arch];
  if (numbers === undefined) throw new Error(`system call numbers of ${process.arch} are not known`);
  return numbers;
}
