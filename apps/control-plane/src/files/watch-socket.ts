import { WrennError } from '@wrenn/core';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { useCapsule } from '../capsules/use.ts';
import type { SocketRoute } from '../sockets/socket-route.ts';
import { path, user } from './schemas.ts';

const query = z.object({ path, user, recursive: z.enum(['true', 'false']).default('false') });

/**
 * `WS /v1/capsules/{id}/files/watch?path=&recursive=&user=`: what happens in a folder, from the frame `ready` on. A
 * client that reads too slowly is told so by an error, not by fewer frames.
 */
export const watchSocket: SocketRoute = {
  path: '/files/watch',
  auth: withScope('files:read'),
  audits: 'capsule.file_read',
  async serve(context, channel, { capsuleId, query: given, ...caller }) {
    channel.ignoreInput();
    const parsed = query.safeParse(Object.fromEntries(given));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const field = issue?.path.join('.') ?? 'query';
      throw new WrennError('invalid_request', `${field}: ${issue?.message}`, { field });
    }
    const { recursive, ...where } = parsed.data;
    const request = { ...where, sandboxId: capsuleId, recursive: recursive === 'true' };
    const { events, first } = await useCapsule(context, caller, capsuleId, channel.closed, async (agent) => {
      const opened = agent.watchDir(request, channel.closed);
      return { events: opened, first: await opened.next() };
    });
    try {
      if (first.done !== true) await channel.send({ type: first.value.type });
      for await (const { type, name } of events) await channel.send({ type, path: name });
      throw new WrennError('host_unavailable', 'the way to the capsule broke', { remedy: 'watch it again' });
    } catch (thrown) {
      if (!channel.closed.aborted) throw thrown;
    }
  },
};
