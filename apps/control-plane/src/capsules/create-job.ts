import { createHash } from 'node:crypto';
import type { TeamId } from '@wrenn/core';
import type { z } from 'zod';
import { runJob } from '../jobs/run.ts';
import type { ServerContext } from '../server-context.ts';
import { createCapsule } from './create.ts';
import { presentCreated } from './present.ts';
import type { createBody, createdBody } from './schemas.ts';

type Created = z.output<typeof createdBody>;

/** Makes a capsule for a client. Only a request that can be repeated is a job: others are not to wait for one. */
export async function createFor(
  context: ServerContext,
  teamId: TeamId,
  body: z.output<typeof createBody>,
  idempotencyKey: string | undefined,
): Promise<Created> {
  const { memory_mb: memoryMb, timeout_sec: timeoutSec, auto_resume: autoResume, ...rest } = body;
  const work = async () =>
    presentCreated(await createCapsule(context, teamId, { ...rest, memoryMb, timeoutSec, autoResume }));
  if (idempotencyKey === undefined) return await context.operations.run(work);
  // The environment holds secrets: what was asked for is told apart by its hash.
  const request = { sha256: createHash('sha256').update(JSON.stringify(body)).digest('hex') };
  return await runJob(context, { kind: 'create', teamId, request, idempotencyKey }, work);
}
