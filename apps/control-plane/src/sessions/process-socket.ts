import { WrennError } from '@wrenn/core';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { useCapsule } from '../capsules/use.ts';
import type { SocketRoute } from '../sockets/socket-route.ts';
import { OutputFrames } from './output-frames.ts';
import { selectorFrom } from './selector.ts';

const query = z.object({
  from: z.coerce.number().int().min(1).optional(),
  encoding: z.enum(['utf-8', 'base64']).default('utf-8'),
});

/**
 * `WS /v1/capsules/{id}/processes/{selector}/stream`: what a process prints, from the frame `from` on or from now on.
 * A client that goes away leaves the process running.
 */
export const processSocket: SocketRoute = {
  path: '/processes/:selector/stream',
  auth: withScope('capsules:exec'),
  audits: 'capsule.process',
  async serve(context, channel, { capsuleId, parameters, query: given, ...caller }) {
    channel.ignoreInput();
    const parsed = query.safeParse(Object.fromEntries(given));
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.join('.') ?? 'query';
      throw new WrennError('invalid_request', `${field}: is not valid`, { field });
    }
    const { from, encoding } = parsed.data;
    const process = selectorFrom(parameters['selector'] ?? '');
    const request = { sandboxId: capsuleId, process, ...(from === undefined ? {} : { from: BigInt(from) }) };
    const frames = new OutputFrames(channel, encoding);
    // A process that is watched keeps its capsule awake no more than one that is not.
    const events = await useCapsule(context, caller, capsuleId, channel.closed, async (agent) => {
      const opened = agent.watchProcess(request, channel.closed);
      const first = await opened.next();
      if (first.done !== true) await frames.tell(first.value);
      return opened;
    });
    try {
      for await (const event of events) if ((await frames.tell(event)) === 'ended') return;
      throw new WrennError('host_unavailable', 'the way to the process broke');
    } catch (thrown) {
      if (!channel.closed.aborted) throw thrown;
    }
  },
};
