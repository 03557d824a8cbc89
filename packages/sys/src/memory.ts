import { readFileSync } from 'node:fs';
import { checked, nativeFunction } from './libc.ts';

// SAFETY: addresses and lengths are those of whole mappings of this process that are read-only and have no page of
// their own, so MADV_DONTNEED only unmaps pages that the kernel takes from the file's cache again when touched.
const madvise = nativeFunction('int madvise(uintptr_t address, size_t length, int advice)');
const dontNeed = 4;

export interface Mapping {
  readonly start: number;
  readonly end: number;
}

/**
 * The read-only mappings that are just as their files say, given the text of /proc/PID/smaps. One with anonymous pages
 * holds what the loader wrote before it was made read-only, and that is not in the file.
 */
export function unchangedMappings(smaps: string): Mapping[] {
  return smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).flatMap((mapping) => {
    const [, start = '', end = ''] =
      /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \d+ +\/.*\n[\s\S]*^Anonymous: +0 kB$/m.exec(mapping) ?? [];
    return start === '' ? [] : [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }];
  });
}

/**
 * Takes this process's code out of its resident memory: what it still uses comes back at the first touch, what only
 * its start needed does not. Most of a Node process that idles is that. Throws SystemCallError.
 */
export function forgetCodePages(): void {
  for (const { start, end } of unchangedMappings(readFileSync('/proc/self/smaps', 'utf8'))) {
    checked('madvise', madvise(start, end - start, dontNeed));
  }
}
