import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { RouteAuth } from '../access/route-auth.ts';

const description = `Wrenn runs untrusted code in small virtual machines, called capsules.

Most requests under \`/v1\` need an API key in the header \`X-API-Key\` (or \`Authorization: Bearer\`) with the scope
that the request names, or the session of a member of the team. What is about people needs a session.
\`/v1/sandboxes/…\` is another name of \`/v1/capsules/…\` everywhere. A body with a field that is not described here is
refused. An answer that is not 2xx has the body \`Error\`; its \`code\` is stable, its \`message\` is for people.
The header \`X-Request-Id\` is taken over from the request, or made, and is in the server's log.`;

export function openapiOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Wrenn', version, description },
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          session: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token of POST /v1/auth/login. Browsers have it in a cookie.',
          },
        },
      },
    },
    transform: (route) => {
      const transformed = jsonSchemaTransform(route);
      const auth = route.route.config?.auth;
      if (auth !== undefined) transformed.schema.security = securityOf(auth);
      return transformed;
    },
    transformObject: (route) => {
      const document = jsonSchemaTransformObject(route);
      if ('components' in document) dropInputTwins(document.components?.schemas ?? {});
      return document;
    },
  };
}

function securityOf(auth: RouteAuth): { [scheme: string]: string[] }[] {
  if (auth === 'none' || auth === 'edge') return [];
  if (typeof auth === 'string' || auth.scope === undefined) return [{ session: [] }];
  return [{ apiKey: [auth.scope] }, { session: [] }];
}

/** Each named schema is generated once as it is read and once, as `…Input`, as it is written; ours are one. */
function dropInputTwins(schemas: object): void {
  const twins = Object.keys(schemas).filter((name) => name.endsWith('Input') && name.slice(0, -5) in schemas);
  for (const name of twins) Reflect.deleteProperty(schemas, name);
}
