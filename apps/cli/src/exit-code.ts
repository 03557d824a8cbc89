import { WrennError } from '@wrenn/core';
import { WrennApiError } from '@wrenn/sdk';

/** What `wrenn` exits with. `run` and `capsule exec` exit with the command's own code instead. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  unreachable: 3,
  unauthorized: 4,
  notFound: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  invalid_request: exitCodes.usage,
  unreachable: exitCodes.unreachable,
  connection_lost: exitCodes.unreachable,
  unauthorized: exitCodes.unauthorized,
  forbidden: exitCodes.unauthorized,
  not_found: exitCodes.notFound,
  cancelled: exitCodes.interrupted,
};

/** What a fault, of ours or of the API, makes `wrenn` exit with. */
export function exitCodeOf(thrown: unknown): ExitCode {
  const isTyped = thrown instanceof WrennError || thrown instanceof WrennApiError;
  return (isTyped ? byErrorCode[thrown.code] : undefined) ?? exitCodes.failure;
}

/** For the end of `wrenn --help`. */
export const exitCodeHelp = `
Exit codes:
  0      done
  1      failed
  2      wrong usage, or a request that the server refused as invalid
  3      the server cannot be reached
  4      not signed in, or not allowed
  5      there is no such thing
  130    interrupted (Ctrl-C), or nobody reads the output any more
  \`wrenn run\` and \`wrenn capsule exec\` exit with the code of the command in the
  capsule: 124 when it took longer than --timeout, 126 when it could not be run,
  127 when it was not found, 128 + n when signal n ended it.`;
