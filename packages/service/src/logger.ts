import { pino } from 'pino';
import { traceFields } from './tracing/span.ts';

export type { Logger } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Keys whose values are secrets wherever they stand in a logged object. */
const secretKeys = [
  'authorization',
  'cookie',
  'token',
  'accessToken',
  'hostSecret',
  'apiKey',
  'password',
  'envs',
];

/** JSON lines on standard output; `service` is on every line, and `trace_id` on those that belong to a trace. */
export function createLogger(service: string, level: LogLevel) {
  const paths = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => traceFields() ?? {},
    redact: { paths, censor: '[redacted]' },
  });
}
