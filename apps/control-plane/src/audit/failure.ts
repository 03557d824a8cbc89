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

export function wasRefused({ code }: WrennError): boolean {
  return refusals.has(code);
}

type Services = Pick<ServerContext, 'database' | 'recorder' | 'log'>;
type Asked = Omit<Happening, 'status'>;

/** What the audit log says of something that was asked for and went wrong; undefined for what was only refused. */
export function failureOf(asked: Asked, error: WrennError): Happening | undefined {
  if (wasRefused(error)) return undefined;
  return { ...asked, status: 'error', metadata: { ...asked.metadata, code: error.code } };
}

/** Writes it down where no row changes with it. */
export async function recordFailure(services: Services, asked: Asked, thrown: unknown): Promise<void> {
  const happening = failureOf(asked, WrennError.from(thrown));
  if (happening !== undefined) await recordAlone(services, happening);
}

/** In a transaction of its own; never throws, since the fault that the caller is to hear of is another. */
export async function recordAlone(
  { database, recorder, log }: Services,
  happening: Happening,
): Promise<void> {
  try {
    await database.transaction().execute((transaction) => recorder.record(transaction, happening));
  } catch (thrown) {
    const { what, resourceId } = happening;
    log.error(
      { what, resource: resourceId, cause: describeError(thrown) },
      'a failure is not in the audit log',
    );
  }
}
