/** What a key may be made for, as people read it. */
export const keyScopes = [
  { value: 'all', label: 'Everything that a key can do' },
  { value: 'capsules:read', label: 'See capsules' },
  { value: 'capsules:write', label: 'Make, pause and destroy capsules' },
  { value: 'capsules:exec', label: 'Run commands and terminals' },
  { value: 'files:read', label: 'Read files' },
  { value: 'files:write', label: 'Write files' },
  { value: 'ports', label: 'Open ports' },
  { value: 'snapshots:read', label: 'See snapshots and templates' },
  { value: 'snapshots:write', label: 'Make and delete snapshots and templates' },
] as const;

export type KeyScope = (typeof keyScopes)[number]['value'];

/** `all` has the others in it: it is chosen alone. */
export function toggledScope(chosen: readonly KeyScope[], scope: KeyScope): readonly KeyScope[] {
  if (scope === 'all') return chosen.includes('all') ? [] : ['all'];
  const others = chosen.filter((other) => other !== 'all');
  return others.includes(scope) ? others.filter((other) => other !== scope) : [...others, scope];
}
