import { namePattern } from '@wrenn/core';
import { z } from 'zod';
import { actorTypes, visibilities } from '../db/schema.ts';
import { idText } from '../http/schemas.ts';
import { snapshotFactsBody } from '../snapshots/schemas.ts';
import { isFreeForm } from './names.ts';
import { placeFields } from './place-schemas.ts';
import { familyPattern, referencePattern, usualTag } from './reference.ts';
import { templateTypes } from './template.ts';

const mostTags = 32;
const time = z.string().meta({ format: 'date-time' });

const tagName = z.string().regex(namePattern, 'is not a tag');
export const tagList = z.array(tagName).min(1).max(mostTags);

export const templateParameters = z.object({
  name: z
    .string()
    .regex(referencePattern, 'is not a template name')
    .describe('Its name, `name:tag`, `team/name` of a public one of another team, or an ID.'),
});
export const familyParameters = z.object({
  name: z
    .string()
    .regex(familyPattern, 'is not a template name')
    .describe('Its name, without a tag, or the ID of a version.'),
});
export const tagParameters = familyParameters.extend({ tag: tagName });
export const aliasParameters = familyParameters.extend({
  alias: z
    .string()
    .regex(namePattern, 'is not a template name')
    .refine(isFreeForm, 'must not be the ID of a template or a snapshot'),
});

export const listQuery = z.strictObject({
  type: z.enum(templateTypes).optional(),
  visibility: z
    .enum(visibilities)
    .optional()
    .describe('`public`: what all teams can use, of whichever team it is. `team`: what only this one can.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: idText('template').optional().describe('The last template of the page before.'),
});

export const updateBody = z.strictObject({ visibility: z.enum(visibilities) });

export const addTagsBody = z.strictObject({
  tags: tagList,
  from: z
    .string()
    .regex(namePattern, 'is not a tag')
    .default(usualTag)
    .describe('A tag of the version that gets them, or its ID.'),
});

export const tagBody = z
  .object({ tag: z.string(), template_id: z.string(), created_at: time })
  .meta({ id: 'TemplateTag' });

export const templateBody = z
  .object({
    id: z.string().describe('Of this version: `tpl-` and 25 characters.'),
    snapshot_id: z.string().optional(),
    name: z.string(),
    team: z.string().describe('The slug of the team that it is of: `team/name` is what other teams call it.'),
    platform: z.boolean().describe('Whether it is of the platform, and for all teams.'),
    type: z.enum(templateTypes),
    visibility: z.enum(visibilities),
    tags: z.array(z.string()).describe('That name this version.'),
    aliases: z.array(z.string()),
    vcpus: z.int().optional().describe('Of every capsule that is made from it.'),
    memory_mb: z.int().optional().describe('Of every capsule that is made from it.'),
    size_bytes: z.int().describe("On its host's disk, with what it shares with others."),
    default_user: z.string(),
    default_env: z.record(z.string(), z.string()),
    default_workdir: z.string().describe('Empty: the home of the user.'),
    metadata: snapshotFactsBody.optional().describe('What it was made by.'),
    ...placeFields,
    created_at: time,
  })
  .meta({ id: 'Template' });

const ancestorBody = z
  .object({
    id: z.string(),
    name: z.string().optional().describe('Not of another team that keeps it to itself.'),
    team: z.string().optional(),
    build_id: z.string().optional().describe("Of the team's own."),
    deleted: z.boolean(),
    created_at: time,
  })
  .meta({ id: 'TemplateAncestor' });

export const templateDetailsBody = z
  .object({
    ...templateBody.shape,
    build_id: z.string().optional().describe("The build that made it; of the team's own."),
    made_by: z
      .object({ type: z.enum(actorTypes), id: z.string().optional(), name: z.string() })
      .optional()
      .describe("Who asked for it; of the team's own."),
    parents: z.array(ancestorBody).describe('What it was made from, up to the base.'),
    children: z
      .int()
      .describe('How many versions were made from it that are there: of any team, for its owner.'),
  })
  .meta({ id: 'TemplateDetails' });
