import { type Capacity, type Demand, usable } from './capacity.ts';

/** A host with what its capsules were promised. */
export interface Candidate extends Capacity {
  readonly reserved: Demand;
}

const resources = ['vcpus', 'memoryMb', 'diskMb'] as const satisfies readonly (keyof Demand)[];

/**
 * The host for a capsule: of those where all three resources suffice, the one whose scarcest resource has the
 * largest share left afterwards. Undefined when none suffices.
 */
export function chooseHost<T extends Candidate>(hosts: readonly T[], demand: Demand): T | undefined {
  let best: { host: T; left: number } | undefined;
  for (const host of hosts) {
    const left = shareLeft(host, demand);
    if (left >= 0 && (best === undefined || left > best.left)) best = { host, left };
  }
  return best?.host;
}

/** How many capsules of this kind a host still has room for. */
export function roomFor(host: Candidate, demand: Demand): number {
  const total = usable(host);
  const counts = resources.map((resource) =>
    Math.floor((total[resource] - host.reserved[resource]) / demand[resource]),
  );
  return Math.max(0, Math.min(...counts));
}

/** Of the scarcest resource, after the capsule is placed: 0 to 1, negative where it does not fit. */
function shareLeft(host: Candidate, demand: Demand): number {
  const total = usable(host);
  const shares = resources.map((resource) => {
    const left = total[resource] - host.reserved[resource] - demand[resource];
    return left < 0 ? -1 : left / total[resource];
  });
  return Math.min(...shares);
}
