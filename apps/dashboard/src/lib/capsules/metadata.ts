import type { Capsule } from './capsule.ts';

/** What the platform adds to the metadata of a capsule, and what people call it. */
export const platformFacts = {
  kernel_version: 'Kernel',
  vmm_version: 'Machine monitor',
  agent_version: 'Agent',
  envd_version: 'Guest daemon',
} as const;

/** What was given with the create. */
export function ownMetadata({ metadata }: Pick<Capsule, 'metadata'>): (readonly [string, string])[] {
  return Object.entries(metadata).filter(([key]) => !Object.hasOwn(platformFacts, key));
}

/** What its maker calls it, where they do. */
export function nameOf({ metadata }: Pick<Capsule, 'metadata'>): string | undefined {
  return metadata['name'] || undefined;
}
