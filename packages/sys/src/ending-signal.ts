import koffi from 'koffi';
import { type NativeFunction, nativeFunction } from './libc.ts';

/** Of libuv's `uv_handle_type`. */
const processHandle = 10;
// Within uv_loop_t and uv_handle_t on machines with 64 bits. `status` is the last field of uv_process_t, an int that is
// followed by 4 bytes of padding.
const lastHandleOfLoop = 24;
const queueOfHandle = 32;
const statusFromEnd = 8;

interface Libuv {
  readonly typeOf: NativeFunction;
  readonly pidOf: NativeFunction;
  /** Where the event loop has its newest handle. */
  readonly newest: bigint;
  /** Of `status` within a process's handle. */
  readonly statusOffset: number;
}

// SAFETY: only the main thread's loop and handles in it are read, on that thread. Their layout is in libuv's public
// header, which stays the same for all of 1.x, and a handle is believed to be a process's only when libuv says so.
function loadLibuv(): Libuv | undefined {
  if (!process.versions.uv.startsWith('1.')) return undefined;
  const loop = nativeFunction('uintptr_t uv_default_loop(void)')();
  return {
    typeOf: nativeFunction('int uv_handle_get_type(uintptr_t handle)'),
    pidOf: nativeFunction('int uv_process_get_pid(uintptr_t handle)'),
    newest: BigInt(loop + lastHandleOfLoop),
    statusOffset: nativeFunction('size_t uv_handle_size(int type)')(processHandle) - statusFromEnd,
  };
}

const libuv = loadLibuv();

/**
 * What Node does not tell: it has no names for real-time signals and reports a process that one of them ended just as
 * one that exited with 0.
 *
 * Must be called in the turn in which Node started `pid`. What it returns may be called by the first listener of the
 * 'exit' event and not later, and returns the number of the signal that ended the process, 0 for none.
 */
export function watchEndingSignal(pid: number): () => number {
  if (libuv === undefined) return () => 0;
  const handle = Number(koffi.decode(libuv.newest, 'uintptr_t')) - queueOfHandle;
  if (libuv.typeOf(handle) !== processHandle || libuv.pidOf(handle) !== pid) return () => 0;
  const status = BigInt(handle + libuv.statusOffset);
  // WTERMSIG. The handle is there until the listeners have run.
  return () => Number(koffi.decode(status, 'int')) & 0x7f;
}
