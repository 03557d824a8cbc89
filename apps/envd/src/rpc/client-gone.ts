import { type ContextKey, createContextKey } from '@connectrpc/connect';

/**
 * Aborts when the connection of a call is closed. The context's own signal aborts at the call's deadline too, which
 * bounds the process and not the reader's wish to hear of its end.
 */
export const clientGone: ContextKey<AbortSignal> = createContextKey(AbortSignal.abort(), {
  description: 'the connection of the call is closed',
});
