import { z } from 'zod';
import { capsuleBody, createBody, stepsBody } from './schemas.ts';

const jobId = z.string().describe('Of the job that did it; see GET /v1/jobs/{id}.');

export const resumeBody = z.strictObject({
  timeout_sec: createBody.shape.timeout_sec
    .removeDefault()
    .optional()
    .describe("Replaces the capsule's, where it is given."),
});

export const pausedBody = z
  .object({
    ...capsuleBody.shape,
    job_id: jobId,
    steps: stepsBody,
    still_ms: z.number().describe('How long the capsule stood still while its state was read.'),
    memory_bytes: z.number().describe('What this pause wrote of its memory.'),
    disk_bytes: z.number().describe('What this pause wrote of its disk.'),
  })
  .meta({ id: 'PausedCapsule' });

export const resumedBody = z
  .object({
    ...capsuleBody.shape,
    job_id: jobId,
    steps: stepsBody,
    receipt: z
      .record(z.string(), z.unknown())
      .describe('What the guest says was fixed in it: clock, random pool, identity.'),
  })
  .meta({ id: 'ResumedCapsule' });
