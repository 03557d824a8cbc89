import { fstatSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import type { CommandContext } from '../context.ts';

/** What the API takes. */
const mostStdinBytes = 16 * 1024 * 1024;
/** A pipe that nobody closes looks like a hang: after this long it is said. */
const hintAfterMs = 3_000;

/**
 * All of standard input, or undefined when a person sits there or there is none. The command starts when the input
 * has ended, so `hint` is called once when that takes long.
 */
export async function readStandardInput(
  stdin: CommandContext['stdin'],
  hint: () => void,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (stdin.isTTY || !hasData(stdin.fd)) return undefined;
  const timer = setTimeout(hint, hintAfterMs);
  const stop = () => stdin.destroy(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return await readAll(stdin);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

async function readAll(stdin: CommandContext['stdin']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostStdinBytes) {
      throw new WrennError('too_large', 'standard input is larger than 16 MiB', {
        remedy: 'write larger input to a file in the capsule, and let the command read that',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Files, pipes and sockets have data; /dev/null and other devices have not, nor has a closed descriptor. */
function hasData(fd: number): boolean {
  try {
    const found = fstatSync(fd);
    return found.isFile() || found.isFIFO() || found.isSocket();
  } catch (thrown) {
    if (systemCode(thrown) === 'EBADF') return false;
    throw thrown;
  }
}
