import { hash } from 'node:crypto';
import { readIfThere, replaceFile } from './replace-file.ts';

/**
 * Writes the machine's ID, 32 hexadecimal digits that follow from the capsule's: the same after each resume, another
 * in each clone. Returns it, or undefined where the file system does not take it.
 *
 * It is derived rather than drawn, since the random numbers of a process that was just cloned are a clone's too.
 */
export function giveMachineId(capsuleId: string, etc: string): string | undefined {
  const path = `${etc}/machine-id`;
  const id = hash('sha256', `machine-id:${capsuleId}`).slice(0, 32);
  if (readIfThere(path) === `${id}\n`) return id;
  return replaceFile(path, `${id}\n`, 0o444) ? id : undefined;
}
