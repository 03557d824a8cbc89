import { pino } from 'pino';

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

/** JSON lines on standard output; `service` is on every line. */
export function createLogger(service: string, level: LogLevel) {
  const paths = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths, censor: '[redacted]' },
  });
}
