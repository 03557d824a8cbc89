import { longestName, longestPath } from './bounds.ts';
import { refusal } from './refusal.ts';

/** C0 and C1 controls and NUL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f]/;

/** What decoders write for bytes that are no UTF-8: the name is lost, and two of them can become one. */
const undecodable = '\ufffd';

/** An entry's name as a path beneath the archive's root without `.` and empty parts; the root is ''. */
export function entryPath(name: string): string {
  checkText(name, name);
  if (name.startsWith('/')) throw refusal('is an absolute path', name);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  for (const part of parts) {
    if (part === '..') throw refusal('leads out of the archive', name);
    if (Buffer.byteLength(part) > longestName) {
      throw refusal(`has a part of more than ${longestName} bytes`, name);
    }
  }
  return parts.join('/');
}

/**
 * Where a symbolic link points. That may be anywhere: it is followed in the guest only, or beneath the archive's root.
 */
export function linkTarget(target: string, name: string): string {
  if (target === '') throw refusal('is a link without a target', name);
  checkText(target, name);
  return target;
}

function checkText(text: string, name: string): void {
  if (Buffer.byteLength(text) > longestPath) {
    throw refusal(`has a path of more than ${longestPath} bytes`, name);
  }
  if (controls.test(text)) throw refusal('has a control character in its path', name);
  if (text.includes(undecodable)) throw refusal('has a path that is not UTF-8', name);
}
