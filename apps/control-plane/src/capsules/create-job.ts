import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Doer } from '../access/principal.ts';
import { runJob } from '../jobs/run.ts';
import type { ServerContext } from '../server-context.ts';
import { createCapsule } from './create.ts';
import { presentCreated } from './present.ts';
import type { createBody, createdBody } from './schemas.ts';

type Created = z.output<typeof createdBody>;

/** Makes a capsule for a client. Only a request that can be repeated is a job: others are not to wait for one. */
export async function createFor(
  context: ServerContext,
  { teamId, actor }: Doer,
  body: z.output<typeof createBody>,
  idempotencyKey: string | undefined,
): Promise<Created> {
  const { template, vcpus, metadata, envs } = body;
  const spec = {
    template,
    vcpus,
    metadata,
    envs,
    memoryMb: body.memory_mb,
    timeoutSec: body.timeout_sec,
    autoResume: body.auto_resume,
    publicPorts: body.public_ports,
  };
  const work = async () => presentCreated(await createCapsule(context, { teamId, actor }, spec));
  if (idempotencyKey === undefined) return await context.operations.run(work);
  // The environment holds secrets: what was asked for is told apart by its hash.
  const request = { sha256: createHash('sha256').update(JSON.stringify(body)).digest('hex') };
  return await runJob(context, { kind: 'create', teamId, actor, request, idempotencyKey }, work);
}
