import type { WriteStream } from 'node:tty';
import type { Screen } from './renderer.ts';

/** A standard stream of this process as the renderer's screen. */
export function screenOf(stream: WriteStream): Screen {
  return {
    isTerminal: stream.isTTY === true && process.env['TERM'] !== 'dumb',
    rows: () => stream.rows ?? 24,
    write: (text) => void stream.write(text),
  };
}
