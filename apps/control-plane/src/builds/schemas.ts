import { namePattern } from '@wrenn/core';
import { z } from 'zod';
import { shapeFields } from '../capsules/schemas.ts';
import { buildStatuses } from '../db/schema.ts';
import { isFreeForm } from '../templates/names.ts';
import { usualTag } from '../templates/reference.ts';
import { tagList } from '../templates/schemas.ts';

const mostRecipeBytes = 256 * 1024;

/** A recipe as one text, or as its lines. */
const recipe = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? value : value.join('\n')))
  .pipe(z.string().min(1, 'must not be empty').max(mostRecipeBytes));

const seconds = (usual: number, most: number) => z.int().min(1).max(most).default(usual);

export const submitBody = z.strictObject({
  name: z
    .string()
    .regex(namePattern, 'is not a template name')
    .refine(isFreeForm, 'must not be the ID of a template or a snapshot'),
  tags: tagList
    .default([usualTag])
    .describe('What the new version is called, after the name and a colon. The name alone is `default`.'),
  recipe: recipe.describe('Instructions: docs/templates.md. A text, or its lines.'),
  format: z.enum(['recipe', 'dockerfile']).default('recipe'),
  base_template: z
    .string()
    .max(512)
    .default('minimal')
    .describe('Where the recipe has no FROM: a template, or an image.'),
  target: z.string().max(128).optional().describe('The stage to build; the last, where it is not given.'),
  args: z
    .record(z.string().max(256), z.string().max(64 * 1024))
    .default({})
    .describe('Values for ARG.'),
  healthcheck: z
    .string()
    .max(8 * 1024)
    .default('')
    .describe('`[--interval=3s --timeout=10s --start-period=0s --retries=0] COMMAND`'),
  ...shapeFields,
  result: z
    .enum(['snapshot', 'image'])
    .default('snapshot')
    .describe(
      '`snapshot`: capsules start from the memory of the template, with all that runs in it. `image`: they boot from its disk, in any shape, with nothing that was started: a recipe must not have START.',
    ),
  skip_pre_post: z.boolean().default(false).describe('Without `wrenn-user`, package lists, and tidying up.'),
  no_cache: z.boolean().default(false).describe('Do every step anew.'),
  timeout_sec: seconds(3600, 86_400).describe('For all of it.'),
  step_timeout_sec: seconds(600, 86_400).describe('For a RUN that does not say --timeout.'),
  credentials: z
    .record(
      z.string().max(255),
      z.union([
        z.strictObject({ username: z.string().max(256), password: z.string().max(16 * 1024) }),
        z.strictObject({ identity_token: z.string().max(16 * 1024) }),
      ]),
    )
    .optional()
    .describe('For registries, by host. Kept sealed until the build is over, and never shown.'),
});

export const logEntry = z.object({
  step: z.int(),
  phase: z.string(),
  line: z.int().describe('Of the recipe; 0 for what is not in it.'),
  cmd: z.string(),
  stdout: z.string(),
  stderr: z.string(),
  exit: z.int().optional(),
  ok: z.boolean().optional().describe('Absent while it runs.'),
  cached: z.boolean().optional(),
  elapsed_ms: z.int().optional(),
  notes: z.array(z.string()),
});

export const buildBody = z
  .object({
    id: z.string(),
    name: z.string(),
    tags: z.array(z.string()),
    format: z.enum(['recipe', 'dockerfile']),
    base_template: z.string(),
    result: z.enum(['snapshot', 'image']),
    recipe: z.string(),
    healthcheck: z.string().optional(),
    vcpus: z.int(),
    memory_mb: z.int(),
    status: z.enum(buildStatuses),
    current_step: z.int(),
    total_steps: z.int(),
    error: z
      .object({
        code: z.string(),
        message: z.string(),
        remedy: z.string().optional(),
        field: z.string().optional(),
        retryable: z.boolean(),
      })
      .optional(),
    template_id: z.string().optional(),
    created_at: z.string().meta({ format: 'date-time' }),
    started_at: z.string().meta({ format: 'date-time' }).optional(),
    completed_at: z.string().meta({ format: 'date-time' }).optional(),
    logs: z.array(logEntry).optional().describe('Of one build; a list has none.'),
  })
  .meta({ id: 'Build' });
