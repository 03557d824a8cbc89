import { describeError, systemCode, WrennError } from '@wrenn/core';
import { openPlaced } from '../../files/open-placed.ts';
import { lastLines } from '../console.ts';
import type { BoundedLog } from './bounded-log.ts';
import { inPlace } from './place.ts';

const longestWords = 1_000;

/** The fault with what the VMM said of it, unless it is one that the VMM has nothing to do with. */
export async function withLastWords(cause: unknown, directory: string, log: BoundedLog): Promise<WrennError> {
  const error = WrennError.from(cause, 'starting the virtual machine');
  if (error.code !== 'agent_error') return error;
  const said = Buffer.concat([await saidBy(directory), log.tail()]);
  return new WrennError('agent_error', `${describeError(error)} (Firecracker: ${lastLines(said)})`, {
    cause,
  });
}

/** What it printed as an error, which is little: a guest has no part in it. */
async function saidBy(directory: string): Promise<Buffer> {
  try {
    await using file = await openPlaced(inPlace(directory, 'said'));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestWords), 0, longestWords, 0);
    return buffer.subarray(0, bytesRead);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return Buffer.alloc(0);
    throw thrown;
  }
}
