import { z } from 'zod';

/** A connection that was accepted in another process, with the request that was read from it. */
const upgrade = z.object({
  type: z.literal('upgrade'),
  id: z.number(),
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string()), z.undefined()])),
  /** What followed the request, in base64. */
  head: z.string(),
});
export type Handover = z.infer<typeof upgrade>;

/**
 * What the accepting process says: `upgrade` comes with the connection, and `go` when it has let go of that. Until then
 * both have it, and the first one's event loop may still read from it: an answer sent earlier could bring a message
 * that is read there and lost.
 */
export const fromAcceptor = z.discriminatedUnion('type', [
  upgrade,
  z.object({ type: z.literal('go'), id: z.number() }),
]);

/** What the other says once it has the connection; the first one's copy is closed by then. */
export const fromSessions = z.object({ type: z.literal('taken'), id: z.number() });
