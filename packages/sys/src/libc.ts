import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/**
 * The C library of this process itself. Looking symbols up in the process rather than opening `libc.so.6` by name
 * works with a private loader too, and never brings a second C library in.
 */
const self = koffi.load(null);

/** One C function. It runs on the calling thread and blocks it, so only calls that cannot wait belong here. */
export type NativeFunction = (...args: readonly NativeArgument[]) => number;
/** A typed array is passed as its address and must be referenced by the caller until the call returns. */
export type NativeArgument = number | bigint | string | NodeJS.TypedArray | null;

export function nativeFunction(prototype: string): NativeFunction {
  const bound = self.func(prototype);
  return (...args) => Number(bound(...args));
}

/** A system call that failed. `code` is the name of its error number, as in Node's own errors. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${syscall}: ${code}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** Passes a result on; throws SystemCallError when it is -1, which is how all calls here report a fault. */
export function checked(syscall: string, result: number): number {
  // koffi saves errno right after each call on this thread; nothing native runs in between.
  if (result === -1) throw new SystemCallError(syscall, koffi.errno());
  return result;
}

/**
 * Where the bytes of a typed array are, for a structure that names them. The caller keeps the array referenced until the
 * call that uses the address has returned.
 */
export function addressOf(bytes: NodeJS.TypedArray): bigint {
  return koffi.address(bytes);
}

/** Memory of this process outside of JavaScript as bytes, without a copy. It must stay mapped as long as they are used. */
export function viewOf(address: bigint, length: number): Buffer {
  return Buffer.from(koffi.view(address, length));
}

/** The name of the error number of a call that failed, of Node's or of ours; undefined for another fault. */
export function errorCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}
