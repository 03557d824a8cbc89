import { readIfThere, replaceFile } from './replace-file.ts';

/**
 * Writes the machine's ID, 32 hexadecimal digits. The host derives it from the capsule's ID: the same after each
 * resume, another in each clone. Returns it, or undefined where the file system does not take it.
 */
export function giveMachineId(id: string, etc: string): string | undefined {
  const path = `${etc}/machine-id`;
  if (readIfThere(path) === `${id}\n`) return id;
  return replaceFile(path, `${id}\n`, 0o444) ? id : undefined;
}
