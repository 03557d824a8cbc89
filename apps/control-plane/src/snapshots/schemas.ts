import { namePattern } from '@wrenn/core';
import { z } from 'zod';
import { stepsBody } from '../capsules/schemas.ts';
import { capsuleIdParameters } from '../http/schemas.ts';
import { isFreeForm } from '../templates/names.ts';
import { placeFields } from '../templates/place-schemas.ts';
import { templateTypes } from '../templates/template.ts';

const newName = z
  .string()
  .regex(namePattern, 'is not a template name')
  .refine(isFreeForm, 'must not be the ID of a template or a snapshot')
  .optional();

const facts = [
  'kernel_version',
  'vmm_version',
  'agent_version',
  'envd_version',
  'engine',
  'isolation',
] as const;

export const snapshotFactsBody = z.object(
  Object.fromEntries(facts.map((fact) => [fact, z.string().optional()])),
);

export const snapshotBody = z
  .object({
    id: z.string().optional().describe('`snp-` and 25 characters; `base` templates have none.'),
    name: z.string(),
    type: z.enum(templateTypes),
    vcpus: z.int().optional().describe('Of every capsule that is made from it.'),
    memory_mb: z.int().optional().describe('Of every capsule that is made from it.'),
    size_bytes: z.int().describe("On its host's disk, with what it shares with others."),
    created_at: z.string().meta({ format: 'date-time' }),
    platform: z.boolean().describe('Whether it is for all teams, and cannot be deleted.'),
    template_id: z.string().describe('`tpl-` and 25 characters: what `parent` of others names.'),
    metadata: snapshotFactsBody.optional().describe('What it was made by.'),
    ...placeFields,
  })
  .meta({ id: 'Snapshot' });

export const createdSnapshotBody = z
  .object({
    ...snapshotBody.shape,
    job_id: z.string(),
    steps: stepsBody,
    still_ms: z.number().describe('How long the capsule stood still; 0 for one that is paused.'),
  })
  .meta({ id: 'CreatedSnapshot' });

export const createSnapshotBody = z.strictObject({
  sandbox_id: capsuleIdParameters.shape.id,
  name: newName.describe('`template-` and eight hexadecimal digits, where it is not given.'),
});

export const checkpointBody = z.strictObject({
  name: newName.describe('`checkpoint-` and eight hexadecimal digits, where it is not given.'),
});

export const listQuery = z.strictObject({ type: z.enum(templateTypes).optional() });

export function snapshotFacts(all: Readonly<Record<string, string>>): Record<string, string> {
  const entries = facts.map((fact) => [fact, all[fact] ?? ''] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}
