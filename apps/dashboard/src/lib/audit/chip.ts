import { auditResources } from './vocabulary.ts';

/** `Keys: made`; `Keys` for all of them. What is not known here, by its own words. */
export function labelOf(part: string): string {
  const [resource = '', action] = part.split('.');
  const known = auditResources.find((other) => other.resource === resource);
  const name = known?.label ?? resource.replaceAll('_', ' ');
  if (action === undefined) return name;
  const done = known?.actions.find((other) => other.action === action)?.label ?? action.replaceAll('_', ' ');
  return `${name}: ${done.toLowerCase()}`;
}
