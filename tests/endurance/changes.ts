import type { Content } from './content.ts';
import type { CapsuleModel, Held, Place } from './model.ts';

/** What is done inside a guest. */
export type Change =
  /** Starts the program that remembers. */
  | { readonly kind: 'remember'; readonly content: Content }
  /** As a new file that takes the place of the old one. */
  | { readonly kind: 'replace'; readonly place: Place; readonly content: Content }
  /** Into the file that is there. */
  | { readonly kind: 'overwrite'; readonly place: Place; readonly content: Content }
  | { readonly kind: 'remove'; readonly place: Place }
  | { readonly kind: 'sync'; readonly place: Place }
  | { readonly kind: 'sync all' };

function placeOf(change: Change): Place | undefined {
  if (change.kind === 'remember') return 'process';
  return change.kind === 'sync all' ? undefined : change.place;
}

/** Tells the model that a change was done. */
export function applyChange(capsule: CapsuleModel, change: Change): void {
  const { places } = capsule;
  if (change.kind === 'sync all') {
    for (const [place, held] of places) places.set(place, flushed(held));
    return;
  }
  const place = placeOf(change);
  if (place === undefined) return;
  const before = places.get(place) ?? { now: [undefined], durable: 'unknown' as const };
  places.set(place, change.kind === 'sync' ? flushed(before) : { now: [after(change)], durable: 'unknown' });
}

/** Tells the model that a change may have been done or not. False where more than these two can be: then do it again. */
export function applyPerhaps(capsule: CapsuleModel, change: Change): boolean {
  const place = placeOf(change);
  if (place === undefined || change.kind === 'sync') return true;
  const before = capsule.places.get(place)?.now ?? [undefined];
  capsule.places.set(place, { now: [...before, after(change)], durable: 'unknown' });
  return change.kind === 'replace' || change.kind === 'remove';
}

function flushed(held: Held): Held {
  const [content] = held.now;
  return held.now.length === 1 ? { now: held.now, durable: content ?? 'nothing' } : held;
}

function after(change: Change): Content | undefined {
  return 'content' in change ? change.content : undefined;
}
