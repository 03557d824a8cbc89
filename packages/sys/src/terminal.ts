import { closeSync, constants, openSync } from 'node:fs';
import { checked, nativeFunction } from './libc.ts';

export interface TerminalSize {
  /** 1 to 65535. */
  readonly cols: number;
  /** 1 to 65535. */
  readonly rows: number;
}

export interface TerminalEnds {
  /** Ours; non-blocking. */
  readonly master: number;
  /** The program's. */
  readonly slave: number;
}

// SAFETY: each request's argument is as ioctl_tty(2) says: an int or its address, or a struct that is as long as the
// array given (winsize: 8 bytes, termios: 36). ioctl() takes it in the same
// register whether declared variadic or not, on x86-64 and on arm64. None of them waits.
const control = nativeFunction('int ioctl(int fd, unsigned long request, void *argument)');
const controlByNumber = nativeFunction('int ioctl(int fd, unsigned long request, long argument)');

// The same numbers on x86-64 and arm64, as are the flags.
const unlock = 0x40045431;
const openSlave = 0x5441;
const setSize = 0x5414;
const getModes = 0x5401;
const setModes = 0x5402;
const utf8Input = 0o40000;
const closeOnExec = 0o2000000;

/**
 * A new pseudo-terminal of this size, whose line editing deletes whole UTF-8 characters. Both ends are closed on exec
 * and are nobody's controlling terminal; the caller closes them. The slave is made without its path, which an image
 * may have hidden. Throws SystemCallError, or the file system's error when there is no /dev/ptmx or no terminal left.
 */
export function openTerminal(size: TerminalSize): TerminalEnds {
  const flags = constants.O_RDWR | constants.O_NOCTTY;
  const master = openSync('/dev/ptmx', flags | constants.O_NONBLOCK);
  try {
    checked('ioctl TIOCSPTLCK', control(master, unlock, new Int32Array([0])));
    resizeTerminal(master, size);
    expectUtf8(master);
    const slave = checked('ioctl TIOCGPTPEER', controlByNumber(master, openSlave, flags | closeOnExec));
    return { master, slave };
  } catch (thrown) {
    closeSync(master);
    throw thrown;
  }
}

/** The programs in the foreground get SIGWINCH when the size is another than before. Throws SystemCallError. */
export function resizeTerminal(fd: number, { cols, rows }: TerminalSize): void {
  checked('ioctl TIOCSWINSZ', control(fd, setSize, new Uint16Array([rows, cols, 0, 0])));
}

function expectUtf8(fd: number): void {
  const modes = new Uint32Array(9);
  checked('ioctl TCGETS', control(fd, getModes, modes));
  modes[0] = (modes[0] ?? 0) | utf8Input;
  checked('ioctl TCSETS', control(fd, setModes, modes));
}
