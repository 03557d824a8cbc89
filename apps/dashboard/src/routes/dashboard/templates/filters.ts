/** What the list can be narrowed to, as people read it. */
export const kinds = [
  { value: 'all', label: 'All' },
  { value: 'base', label: 'Base' },
  { value: 'snapshot', label: 'Snapshot' },
] as const;

export const owners = [
  { value: 'all', label: 'Everybody’s' },
  { value: 'own', label: 'Your team’s' },
  { value: 'platform', label: 'The platform’s' },
  { value: 'others', label: 'Other teams’' },
] as const;
