import { describeError } from '@wrenn/core';
import type { FastifyReply } from 'fastify';
import type { Admission } from '../access/still-allowed.ts';
import { accessEveryMs, watchAccess } from '../access/watch-access.ts';
import type { ServerContext } from '../server-context.ts';

/** Commands and files may take as long as they like: breaks the connection when they would not be begun any more. */
export function cutOffWhenLost(
  context: Pick<ServerContext, 'database' | 'log'>,
  { raw }: Pick<FastifyReply, 'raw'>,
  admission: Admission,
): void {
  // The client may have gone while it was asked who it is.
  if (raw.destroyed) return;
  const over = new AbortController();
  raw.once('close', () => over.abort());
  watchAccess(context, admission, accessEveryMs, over.signal).then(
    (lost) => {
      if (lost === undefined) return;
      context.log.info(
        { code: lost.code, team: admission.caller.teamId },
        'cut off who is not allowed any more',
      );
      raw.destroy();
    },
    (thrown: unknown) => context.log.error({ cause: describeError(thrown) }, 'watching who is still allowed'),
  );
}
