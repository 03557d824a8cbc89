import { describeError, WrennError } from '@wrenn/core';
import { lastLines, tailOf } from '../last-lines.ts';
import type { BoundedLog } from './bounded-log.ts';
import { inPlace } from './place.ts';

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
    await tailOf(inPlace(directory, 'pageServerLog')),
    await tailOf(inPlace(directory, 'said')),
    log?.tail() ?? Buffer.alloc(0),
  ];
  return lastLines(Buffer.concat(said));
}
