import { z } from 'zod';
import { capsuleBody, createBody, stepsBody } from './schemas.ts';

const mostChildren = 100;

export const forkBody = z.strictObject({
  count: z.int().min(1).max(mostChildren).default(1).describe('How many children.'),
  timeout_sec: createBody.shape.timeout_sec
    .removeDefault()
    .optional()
    .describe("Of each child; the parent's, where it is not given."),
  metadata: createBody.shape.metadata
    .removeDefault()
    .optional()
    .describe("Of each child; the parent's, where it is not given."),
});

export const forkedBody = z
  .object({
    job_id: z.string(),
    capsules: z.array(capsuleBody).describe('The children that run.'),
    failed: z
      .array(z.object({ id: z.string(), code: z.string(), message: z.string() }))
      .describe('The children that could not be started; nothing of them is left.'),
    steps: stepsBody,
    still_ms: z.number().describe('How long the capsule stood still; 0 for one that is paused.'),
  })
  .meta({ id: 'Forked' });
