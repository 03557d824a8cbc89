import type { MenuItem } from '#lib/ui/Menu.svelte';
import type { Capsule } from './capsule.ts';
import type { Deeds } from './deeds.svelte.ts';
import { operationNames, operations } from './operations.ts';

/** All operations on a capsule, with why not where one cannot be asked for. */
export function menuOf(capsule: Capsule, deeds: Deeds): readonly MenuItem[] {
  return operationNames.map((operation) => {
    const { label, icon } = operations[operation];
    const why = deeds.whyNot(operation, capsule);
    const look = operation === 'destroy' ? 'danger' : 'plain';
    return { label, icon, look, why, act: () => deeds.start(operation, capsule) };
  });
}
