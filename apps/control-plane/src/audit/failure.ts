import { describeError, type ErrorCode, WrennError } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';
import type { Happening } from './happening.ts';

/** Nothing was begun: what was asked for cannot be done to what is there, or there is nothing. */
const refusals = new Set<ErrorCode>([
  'invalid_request',
  'not_found',
  'busy',
  'invalid_state',
  'name_reserved',
  'template_name_taken',
]);

type Asked = Omit<Happening, 'status'>;

/** What the audit log says of something that was asked for and went wrong; undefined for what was only refused. */
export function failureOf(asked: Asked, error: WrennError): Happening | undefined {
  if (refusals.has(error.code)) return undefined;
  return { ...asked, status: 'error', metadata: { ...asked.metadata, code: error.code } };
}

/** Writes it down where no row changes with it. The fault that the caller hears of is the first one. */
export async function recordFailure(
  { database, recorder, log }: Pick<ServerContext, 'database' | 'recorder' | 'log'>,
  asked: Asked,
  thrown: unknown,
): Promise<void> {
  const happening = failureOf(asked, WrennError.from(thrown));
  if (happening === undefined) return;
  try {
    await database.transaction().execute((transaction) => recorder.record(transaction, happening));
  } catch (fault) {
    const { what, resourceId } = asked;
    log.error(
      { what, resource: resourceId, cause: describeError(fault) },
      'a failure is not in the audit log',
    );
  }
}
