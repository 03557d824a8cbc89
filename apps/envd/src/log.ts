import { describeError } from '@wrenn/core';

/** One JSON line on standard output, which is the machine's console: slow, so only what an operator would look for. */
export function log(message: string, details: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ service: 'envd', message, ...details })}\n`);
}

export function logFault(message: string, thrown: unknown): void {
  log(message, { error: describeError(thrown) });
}
