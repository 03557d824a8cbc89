import { type ErrorCode, errorCodes } from '@wrenn/core';
import { z } from 'zod';
import { stepsBody } from '../capsules/schemas.ts';
import { actorTypes } from '../db/schema.ts';

const time = z.string().meta({ format: 'date-time' });
const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

export const operationsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(50).default(50),
});

export const operationBody = z
  .object({
    id: z.string(),
    kind: z
      .string()
      .describe('`create`, `fork`, `pause`, `resume`, `snapshot`, `checkpoint`, `destroy`, `fail`.'),
    outcome: z.enum(['succeeded', 'failed']),
    error: z.object({ code: z.enum(codes), message: z.string() }).optional(),
    actor: z
      .object({ type: z.enum(actorTypes), id: z.string().optional(), name: z.string() })
      .describe('Who asked for it.'),
    job_id: z.string().optional(),
    started_at: time,
    finished_at: time,
    duration_ms: z.number(),
    steps: stepsBody,
    still_ms: z.number().optional().describe('How long the capsule stood still meanwhile.'),
    receipt: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('What the guest says was fixed in it when it was started: clock, random pool, identity.'),
  })
  .meta({ id: 'CapsuleOperation' });
