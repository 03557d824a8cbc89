import { describeError, systemCode, WrennError } from '@wrenn/core';
import { openPlaced } from '../../files/open-placed.ts';
import { lastLines } from '../console.ts';
import type { BoundedLog } from './bounded-log.ts';
import { inPlace, type PlaceName } from './place.ts';

const longestWords = 1_000;

/** The fault with what the VMM said of it, unless it is one that the VMM has nothing to do with. */
export async function withLastWords(cause: unknown, directory: string, log: BoundedLog): Promise<WrennError> {
  const error = WrennError.from(cause, 'starting the virtual machine');
  if (error.code !== 'agent_error') return error;
  const said = await lastWords(directory, log);
  return new WrennError('agent_error', `${describeError(error)} (Firecracker: ${said})`, { cause });
}

/** What the VMM said, and its page server, where they said something; on one line. */
export async function lastWords(directory: string, log: BoundedLog | undefined): Promise<string> {
  const said = [
    await saidIn(directory, 'pageServerLog'),
    await saidIn(directory, 'said'),
    log?.tail() ?? Buffer.alloc(0),
  ];
  return lastLines(Buffer.concat(said));
}

/** These are files of root's, which a guest makes nobody write to. */
async function saidIn(directory: string, name: PlaceName): Promise<Buffer> {
  try {
    await using file = await openPlaced(inPlace(directory, name));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestWords), 0, longestWords, 0);
    return buffer.subarray(0, bytesRead);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return Buffer.alloc(0);
    throw thrown;
  }
}
