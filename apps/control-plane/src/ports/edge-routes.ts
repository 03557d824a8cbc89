import { accessKey, type CapsuleId, capsuleStates, type TeamId } from '@wrenn/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { platformPart } from '../access/principal.ts';
import { useCapsule } from '../capsules/use.ts';
import { capsuleIdParameters } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import { type EdgeFacts, findEdgeFacts } from './store.ts';

const common = { config: { auth: 'edge' } } as const;

const factsBody = z.object({
  status: z.enum(capsuleStates),
  auto_resume: z.boolean(),
  public_ports: z.boolean(),
  access_key: z.string(),
  host_id: z.string(),
  relay: z.string().optional(),
});

/** What edges ask. Not part of the API: whoever has the secret of the edges may ask of every team's capsules. */
export const edgeRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    const schema = { params: capsuleIdParameters, hide: true, response: { 200: factsBody } };

    app.get('/capsules/:id', { ...common, schema }, async (request) =>
      present(context, await findEdgeFacts(context.database, request.params.id)),
    );

    // Answers when the capsule runs: one that is paused is resumed first, if it was made with `auto_resume`.
    app.post('/capsules/:id/wake', { ...common, schema }, async (request, reply) => {
      const { id } = request.params;
      const { teamId } = await findEdgeFacts(context.database, id);
      await wake(context, teamId, id, whenGone(reply));
      return present(context, await findEdgeFacts(context.database, id));
    });
  };

/** The ping finds one that its host has paused by itself, which the row does not say yet. */
async function wake(
  context: ServerContext,
  teamId: TeamId,
  id: CapsuleId,
  signal: AbortSignal,
): Promise<void> {
  await useCapsule(context, { teamId, actor: platformPart('edge') }, id, signal, (agent) => agent.ping(id));
}

function present({ secrets }: ServerContext, facts: EdgeFacts): z.output<typeof factsBody> {
  const { id, host, generation } = facts;
  const key = accessKey(secrets.portAccess, id, generation);
  return {
    status: facts.status,
    auto_resume: facts.autoResume,
    public_ports: facts.publicPorts,
    access_key: key.toString('base64url'),
    host_id: host.id,
    ...(host.relayPort === undefined
      ? {}
      : { relay: `${host.address.slice(0, host.address.lastIndexOf(':'))}:${host.relayPort}` }),
  };
}
