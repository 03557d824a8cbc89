import { parseId } from '@wrenn/core';
import { z } from 'zod';
import type { Actor } from './principal.ts';

const stored = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('user'),
    id: z.string().transform((id) => parseId('user', id)),
    name: z.string(),
  }),
  z.object({
    type: z.literal('api_key'),
    id: z.string().transform((id) => parseId('apiKey', id)),
    name: z.string(),
  }),
  z.object({ type: z.literal('system'), name: z.string().default('system') }),
]);

/** Who asked for something, as a row keeps it for whoever goes on with it. */
export function actorFrom(value: unknown): Actor {
  return stored.parse(value);
}
