import { randomBytes } from 'node:crypto';
import { type CapsuleId, WrennError } from '@wrenn/core';
import type { z } from 'zod';
import type { Doer } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import type { backgroundResult, ExecBody } from './exec-schemas.ts';
import { useCapsule } from './use.ts';

/** Starts a command that goes on by itself; it is found again by its tag. */
export async function execInBackground(
  context: ServerContext,
  doer: Doer,
  id: CapsuleId,
  body: ExecBody,
  signal: AbortSignal,
): Promise<z.output<typeof backgroundResult>> {
  if (body.stdin !== '') {
    throw new WrennError('invalid_request', 'stdin: a command in the background has none', {
      field: 'stdin',
      remedy: 'write the input to a file, or keep a stream open',
    });
  }
  const { cmd, args, cwd, envs, user } = body;
  // A digit first would be a process ID.
  const tag = body.tag ?? `proc-${randomBytes(4).toString('hex')}`;
  const request = { sandboxId: id, cmd, args, cwd, envs, user, tag };
  const { pid } = await useCapsule(context, doer, id, signal, (agent) =>
    agent.startBackground(request, signal),
  );
  return { sandbox_id: id, cmd, pid, tag };
}
