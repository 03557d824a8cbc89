import type { Change } from './changes.ts';
import { printing } from './content.ts';
import type { Observed, Place } from './model.ts';

/** What a guest answers to a change whose number is not above all that it has seen. */
export const tooLate = 75;

const folders = { disk: '/root/endurance', memory: '/dev/shm/endurance' } as const;
/** Of the test itself; names with a dot are not looked at. */
const state = '/dev/shm/.endurance';

/**
 * A script that makes a change as a whole: one at a time, and none that was overtaken. A request that was broken off
 * may still arrive.
 */
export function changeScript(number: number, change: Change): string {
  return guarded(number, bodyOf(change));
}

/** A change that does nothing but be the last. */
export function fenceScript(number: number): string {
  return guarded(number, ':');
}

/** Prints a line for each place: its kind, the hash, the name. Disk caches are dropped first, for `disk`. */
export function observeScript(from: 'memory' | 'disk'): string {
  return [
    'set -e',
    `mkdir -p ${folders.disk} ${folders.memory}`,
    ...(from === 'disk' ? ['echo 3 >/proc/sys/vm/drop_caches'] : []),
    `cd ${folders.disk}; for f in *; do [ ! -f "$f" ] || echo "disk $(sha256sum "$f")"; done`,
    `cd ${folders.memory}; for f in *; do [ ! -f "$f" ] || echo "memory $(sha256sum "$f")"; done`,
    `[ -p ${state}-ask ] || exit 0`,
    `answer=${state}-answer.$$`,
    `timeout 20 sh -c 'echo $0 >${state}-ask' $answer`,
    'n=0; until [ -e $answer ]; do sleep 0.02; n=$((n+1)); [ $n -lt 1000 ]; done',
    'echo "process $(cat $answer)"; rm $answer',
  ].join('\n');
}

export function readObserved(stdout: string): Observed {
  const observed = new Map<Place, string>();
  for (const line of stdout.split('\n')) {
    const [kind, hash, name] = line.split(/\s+/);
    if (kind === undefined || hash === undefined || name === undefined) continue;
    observed.set(kind === 'process' ? kind : `${kind}/${name}`, hash);
  }
  return observed;
}

/** Where the file of a place is, for one who has the guest's disk but no guest. */
export function pathOf(place: Place): string {
  const [folder, name] = place.split('/');
  return `${folder === 'disk' ? folders.disk : folders.memory}/${name}`;
}

function guarded(number: number, body: string): string {
  return [
    'set -e',
    `mkdir -p ${folders.disk} ${folders.memory}`,
    `exec 9>${state}-lock; flock 9`,
    `[ "$(cat ${state}-last 2>/dev/null || echo 0)" -lt ${number} ] || exit ${tooLate}`,
    body,
    `echo ${number} >${state}-last`,
  ].join('\n');
}

function bodyOf(change: Change): string {
  switch (change.kind) {
    case 'remember':
      return remember(printing(change.content));
    case 'replace': {
      const path = pathOf(change.place);
      const draft = path.replace(/([^/]+)$/, '.$1');
      return `${printing(change.content)} >${draft}; mv -f ${draft} ${path}`;
    }
    case 'overwrite':
      // Not truncated first: what is in memory or on disk changes where it is.
      return overwrite(pathOf(change.place), printing(change.content), change.content.bytes);
    case 'remove':
      return `rm -f ${pathOf(change.place)}`;
    case 'sync':
      return `sync ${pathOf(change.place)}`;
    case 'sync all':
      return 'sync';
  }
}

function overwrite(path: string, print: string, bytes: number): string {
  return `${print} | dd of=${path} bs=64K iflag=fullblock conv=notrunc status=none; truncate -s ${bytes} ${path}`;
}

/** A program that keeps the text in a variable, and writes its hash to each path that it is asked for. */
function remember(print: string): string {
  const program = [
    `text=$(${print})`,
    `exec 3<>${state}-ask`,
    `while read -r path <&3; do printf %s "$text" | sha256sum >"$path.draft"; mv "$path.draft" "$path"; done`,
  ].join('; ');
  return [
    `[ -p ${state}-ask ] || mkfifo ${state}-ask`,
    `setsid sh -c '${program}' 9>&- </dev/null >/dev/null 2>&1 &`,
  ].join('\n');
}
