import type { TeamId } from '@wrenn/core';
import { z } from 'zod';
import type { PlaceInTree } from './place-in-tree.ts';
import type { Template } from './template.ts';

/** Where a version is in the tree of what was made from what. */
export const placeFields = {
  parent: z
    .object({
      id: z.string(),
      name: z.string().optional().describe('Not of another team that keeps it to itself.'),
      deleted: z.boolean(),
    })
    .optional()
    .describe('What it was made from.'),
  source_capsule_id: z
    .string()
    .optional()
    .describe("The capsule whose state it is, which may be gone; of the team's own."),
  capsules: z.int().optional().describe("The team's capsules that were made from it and are not over."),
};

type Placed = z.output<z.ZodObject<typeof placeFields>>;

export function presentPlace(
  { teamId: owner, sourceCapsuleId }: Pick<Template, 'teamId' | 'sourceCapsuleId'>,
  { parent, capsules }: PlaceInTree,
  teamId: TeamId,
): Placed {
  return {
    ...(parent === undefined ? {} : { parent: presentParent(parent) }),
    ...(sourceCapsuleId === undefined || owner !== teamId ? {} : { source_capsule_id: sourceCapsuleId }),
    capsules,
  };
}

function presentParent({ id, name, isDeleted }: NonNullable<PlaceInTree['parent']>) {
  return { id, ...(name === undefined ? {} : { name }), deleted: isDeleted };
}
