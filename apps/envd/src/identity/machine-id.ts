import { readIfThere, replaceFile } from './replace-file.ts';

/** Whether this is the machine's ID already. */
export function hasMachineId(id: string, etc: string): boolean {
  return readIfThere(`${etc}/machine-id`) === `${id}\n`;
}

/**
 * Writes the machine's ID, 32 hexadecimal digits. The host derives it from the capsule's ID: the same after each
 * resume, another in each clone. False where the file system does not take it.
 */
export function giveMachineId(id: string, etc: string): boolean {
  return replaceFile(`${etc}/machine-id`, `${id}\n`, 0o444);
}
