import type { ByteName } from './directory.ts';
import type { Steps } from './in-slices.ts';

/** What is sorted, or merged, in one step. */
const stepLength = 1000;

/** The names in the order of their bytes. In steps, since all of a large folder at once takes too long. */
export function* sortNames(names: readonly ByteName[]): Steps<ByteName[]> {
  let runs: ByteName[][] = [];
  for (let start = 0; start < names.length; start += stepLength) {
    runs.push(names.slice(start, start + stepLength).sort());
    yield;
  }
  while (runs.length > 1) {
    const merged: ByteName[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(yield* merge(runs[index] ?? [], runs[index + 1] ?? []));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge(left: readonly ByteName[], right: readonly ByteName[]): Steps<ByteName[]> {
  const merged: ByteName[] = [];
  let taken = 0;
  for (const name of left) {
    for (let next = right[taken]; next !== undefined && next < name; next = right[taken]) {
      merged.push(next);
      taken += 1;
      if (merged.length % stepLength === 0) yield;
    }
    merged.push(name);
    if (merged.length % stepLength === 0) yield;
  }
  for (const name of right.slice(taken)) merged.push(name);
  return merged;
}
