import { accessKey, type CapsuleId, portLink, trafficToken } from '@wrenn/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { useCapsule } from '../capsules/use.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import { portUrl } from './port-url.ts';
import { changeAccess, findAccess, noteLink, type PortAccess } from './store.ts';

const common = { config: { auth: withScope('ports') } } as const;
const tags = ['ports'];
const longestLinkSec = 7 * 86_400;

const accessBody = z
  .object({
    public_ports: z.boolean().describe('Whether anyone who knows the address of a port may use it.'),
    traffic_access_token: z
      .string()
      .describe(
        'Opens every port of the capsule, in the header `X-Wrenn-Access` or `E2b-Traffic-Access-Token`.',
      ),
    url_template: z.string().describe('Where its ports are; `{port}` stands for the port.'),
  })
  .meta({ id: 'PortAccess' });

const changeBody = z.strictObject({
  public_ports: z.boolean().optional(),
  revoke: z
    .boolean()
    .default(false)
    .describe('Makes the traffic token and all links void that were given out before.'),
});

const portsBody = z.object({
  ports: z.array(z.int()).describe('Ascending; at any address of the capsule, its loopback too.'),
});

const linkBody = z.strictObject({
  expires_in_sec: z.int().min(1).max(longestLinkSec).default(3600),
});

const portParameters = capsuleIdParameters.extend({ port: z.coerce.number().int().min(1).max(65_535) });

const linkAnswer = z
  .object({
    url: z.string().describe('Opens the port for whoever has it, in a browser or with any client.'),
    expires_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'PortLink' });

/** Who may use the ports of capsules; the ports themselves are the edge's. */
export const portRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/:id/access',
      {
        ...common,
        schema: {
          operationId: 'getPortAccess',
          summary: 'Who may use its ports, and how',
          tags,
          params: capsuleIdParameters,
          response: { 200: accessBody, ...failures(400, 401, 404) },
        },
      },
      async (request) => {
        const { id } = request.params;
        return present(context, id, await findAccess(context.database, callerOf(request).teamId, id));
      },
    );

    app.post(
      '/:id/access',
      {
        ...common,
        schema: {
          operationId: 'changePortAccess',
          summary: 'Change who may use its ports',
          description: 'Edges follow within 10 seconds; connections that are open stay so.',
          tags,
          params: capsuleIdParameters,
          body: changeBody,
          response: { 200: accessBody, ...failures(400, 401, 404) },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { public_ports: publicPorts, revoke } = request.body;
        const change = { publicPorts, credentials: revoke ? ('void' as const) : ('keep' as const) };
        return present(context, id, await changeAccess(context, callerOf(request), id, change));
      },
    );

    app.get(
      '/:id/ports',
      {
        ...common,
        schema: {
          operationId: 'listPorts',
          summary: 'List the ports that programs in it listen on',
          tags,
          params: capsuleIdParameters,
          response: { 200: portsBody, ...failures(400, 401, 404, 409, 502, 503, 504) },
        },
      },
      async (request, reply) => {
        const gone = whenGone(reply);
        const { id } = request.params;
        const ports = await useCapsule(context, callerOf(request), id, gone, (agent) =>
          agent.listPorts(id, gone),
        );
        return { ports: [...ports] };
      },
    );

    app.post(
      '/:id/ports/:port/link',
      {
        ...common,
        schema: {
          operationId: 'makePortLink',
          summary: 'Make a link that opens one port for a while',
          tags,
          params: portParameters,
          body: linkBody,
          response: { 200: linkAnswer, ...failures(400, 401, 404) },
        },
      },
      async (request) => {
        const { id, port } = request.params;
        const expiresAt = Math.floor(Date.now() / 1000) + request.body.expires_in_sec;
        const link = { port, expiresAt: new Date(expiresAt * 1000) };
        const { generation } = await noteLink(context, callerOf(request), id, link);
        const url = portUrl(context.config.edgeUrl, id, port);
        const key = accessKey(context.secrets.portAccess, id, generation);
        url.searchParams.set('wrenn_access', portLink(key, port, expiresAt));
        return { url: url.href, expires_at: link.expiresAt.toISOString() };
      },
    );
  };

function present({ config, secrets }: ServerContext, id: CapsuleId, { publicPorts, generation }: PortAccess) {
  const { protocol, host } = config.edgeUrl;
  return {
    public_ports: publicPorts,
    traffic_access_token: trafficToken(accessKey(secrets.portAccess, id, generation)),
    url_template: `${protocol}//{port}-${id}.${host}/`,
  };
}
