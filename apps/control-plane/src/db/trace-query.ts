import { noteFault, startSpan } from '@wrenn/service';
import type { LogEvent } from 'kysely';

/** The text of a query has no values in it. */
const longestText = 500;

/** Makes a query that has ended a span of the trace that it was part of. */
export function traceQuery(event: LogEvent): void {
  const { sql } = event.query;
  const endMs = Date.now();
  const attributes = { 'db.system.name': 'postgresql', 'db.query.text': sql.slice(0, longestText) };
  const operation = /^\w+/.exec(sql.trimStart())?.[0]?.toUpperCase() ?? 'QUERY';
  const span = startSpan(`postgresql ${operation}`, attributes, {
    kind: 'client',
    startTime: endMs - event.queryDurationMillis,
  });
  if (event.level === 'error') noteFault(span, event.error);
  span.end(endMs);
}
