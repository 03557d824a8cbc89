import { chmodSync, closeSync } from 'node:fs';
import { addressOf, checked, nativeFunction } from './libc.ts';

// SAFETY: integers, and addresses of typed arrays that are referenced until the call returns, with their lengths.
const socket = nativeFunction('int socket(int domain, int type, int protocol)');
const bind = nativeFunction('int bind(int fd, const void *address, uint32_t length)');
const listen = nativeFunction('int listen(int fd, int backlog)');
const accept = nativeFunction('int accept4(int fd, uintptr_t address, uintptr_t length, int flags)');
const connect = nativeFunction('int connect(int fd, const void *address, uint32_t length)');
const sendmsg = nativeFunction('int64_t sendmsg(int fd, const void *message, int flags)');
const recvmsg = nativeFunction('int64_t recvmsg(int fd, void *message, int flags)');
const getsockopt = nativeFunction('int getsockopt(int fd, int level, int option, void *value, void *length)');

/** AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, and what goes with them: the same on x86-64 and arm64. */
const unix = 1;
const streamClosedOnExec = 1 | 0o2000000;
const closeOnExec = 0o2000000;
const socketLevel = 1;
const peerCredentialsOption = 17;
const descriptorsMessage = 1;
const flag = { noSignal: 0x4000, closeOnExec: 0x40000000, truncated: 0x20, controlTruncated: 0x08 } as const;

/** struct sockaddr_un takes a path of this many bytes, with a zero behind it. */
const longestPath = 107;
/** struct msghdr and struct cmsghdr, on 64 bits. */
const messageBytes = 56;
const controlHeadBytes = 16;

export interface Received {
  /** Nothing at the end of the stream. */
  readonly bytes: Buffer;
  /** The receiver's to close. */
  readonly descriptors: number[];
  /** There was more than the caller would take, bytes or descriptors, and it is lost. */
  readonly isTruncated: boolean;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** A socket that listens at a path where nothing is yet, with the permissions `mode`. The caller closes it and removes the path. */
export function listenUnix(path: string, mode: number): number {
  return withSocket((fd) => {
    const name = addressOfPath(path);
    checked('bind', bind(fd, name, name.length));
    chmodSync(path, mode);
    checked('listen', listen(fd, 1));
  });
}

export function connectUnix(path: string): number {
  return withSocket((fd) => {
    const name = addressOfPath(path);
    checked('connect', connect(fd, name, name.length));
  });
}

/** The next connection; it blocks until there is one, so poll first. */
export function acceptUnix(fd: number): number {
  return checked('accept4', accept(fd, 0, 0, closeOnExec));
}

/** Sends bytes and descriptors in one message, which a stream may still split. The sender keeps its descriptors. */
export function sendWithDescriptors(fd: number, bytes: Uint8Array, descriptors: readonly number[]): number {
  const control = Buffer.alloc(controlSpace(descriptors.length));
  control.writeBigUInt64LE(BigInt(controlHeadBytes + 4 * descriptors.length), 0);
  control.writeInt32LE(socketLevel, 8);
  control.writeInt32LE(descriptorsMessage, 12);
  for (const [index, each] of descriptors.entries()) control.writeInt32LE(each, controlHeadBytes + 4 * index);
  const { message, vector } = messageOf(bytes, descriptors.length === 0 ? undefined : control);
  const sent = checked('sendmsg', sendmsg(fd, message, flag.noSignal));
  keep(vector, control, bytes);
  return sent;
}

/** What came in one message; it blocks until there is something, so poll first. Descriptors are closed on exec. */
export function receiveWithDescriptors(fd: number, maxBytes: number, maxDescriptors: number): Received {
  const bytes = Buffer.alloc(maxBytes);
  const control = Buffer.alloc(controlSpace(maxDescriptors));
  const { message, vector } = messageOf(bytes, control);
  const length = checked('recvmsg', recvmsg(fd, message, flag.closeOnExec));
  keep(vector);
  const flags = message.readInt32LE(48);
  const used = Number(message.readBigUInt64LE(40));
  return {
    bytes: bytes.subarray(0, length),
    descriptors: descriptorsIn(control.subarray(0, used)),
    isTruncated: (flags & (flag.truncated | flag.controlTruncated)) !== 0,
  };
}

/** Who was at the other end when it connected, as the kernel knows it. */
export function peerCredentials(fd: number): PeerCredentials {
  const value = new Int32Array(3);
  const length = Uint32Array.of(value.byteLength);
  checked('getsockopt', getsockopt(fd, socketLevel, peerCredentialsOption, value, length));
  const [pid = 0, uid = 0, gid = 0] = value;
  return { pid, uid, gid };
}

function withSocket(use: (fd: number) => void): number {
  const fd = checked('socket', socket(unix, streamClosedOnExec, 0));
  try {
    use(fd);
    return fd;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

function addressOfPath(path: string): Buffer {
  const name = Buffer.from(path);
  if (name.length > longestPath) throw new RangeError(`${path} is too long for the name of a socket`);
  const address = Buffer.alloc(2 + longestPath + 1);
  address.writeUInt16LE(unix, 0);
  name.copy(address, 2);
  return address;
}

/** Each part of a control message is padded to 8 bytes. */
function controlSpace(descriptors: number): number {
  return controlHeadBytes + Math.ceil((4 * descriptors) / 8) * 8;
}

/** struct msghdr: no name, one vector, and the control data. The vector must be referenced as long as the message is used. */
function messageOf(
  bytes: Uint8Array,
  control: Buffer | undefined,
): { message: Buffer; vector: BigUint64Array } {
  const vector = BigUint64Array.of(bytes.length === 0 ? 0n : addressOf(bytes), BigInt(bytes.length));
  const message = Buffer.alloc(messageBytes);
  message.writeBigUInt64LE(addressOf(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  if (control !== undefined) {
    message.writeBigUInt64LE(addressOf(control), 32);
    message.writeBigUInt64LE(BigInt(control.length), 40);
  }
  return { message, vector };
}

function descriptorsIn(control: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + controlHeadBytes <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < controlHeadBytes || at + length > control.length) break;
    const isDescriptors =
      control.readInt32LE(at + 8) === socketLevel && control.readInt32LE(at + 12) === descriptorsMessage;
    for (let each = at + controlHeadBytes; isDescriptors && each + 4 <= at + length; each += 4)
      found.push(control.readInt32LE(each));
    at += Math.ceil(length / 8) * 8;
  }
  return found;
}

/** Whatever an address was taken of must not be collected before the call that uses it has returned. */
function keep(..._referenced: readonly unknown[]): void {
  // That it is an argument here is all that is needed.
}
