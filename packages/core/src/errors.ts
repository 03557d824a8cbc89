/**
 * Every fault that leaves a process has one of these codes. The table says what a program needs to know of it:
 * the HTTP status, the code on RPC, and whether the same call can succeed later.
 */
export const errorCodes = {
  invalid_request: { status: 400, rpc: 'invalid_argument', retryable: false },
  unauthorized: { status: 401, rpc: 'unauthenticated', retryable: false },
  forbidden: { status: 403, rpc: 'permission_denied', retryable: false },
  wrong_password: { status: 401, rpc: 'unauthenticated', retryable: false },
  account_not_activated: { status: 403, rpc: 'permission_denied', retryable: false },
  account_disabled: { status: 403, rpc: 'permission_denied', retryable: false },
  /** The account ceased to be active while it was signed in. */
  account_deactivated: { status: 403, rpc: 'permission_denied', retryable: false },
  /** What was asked for is done in a team's name, and the caller acts for none. */
  no_team: { status: 403, rpc: 'permission_denied', retryable: false },
  /** A token from a mail or a link that is unknown, used or too old. */
  invalid_token: { status: 400, rpc: 'invalid_argument', retryable: false },
  already_activated: { status: 400, rpc: 'failed_precondition', retryable: false },
  last_login_method: { status: 400, rpc: 'failed_precondition', retryable: false },
  provider_not_found: { status: 404, rpc: 'not_found', retryable: false },
  owns_team_with_members: { status: 409, rpc: 'failed_precondition', retryable: false },
  not_found: { status: 404, rpc: 'not_found', retryable: false },
  conflict: { status: 409, rpc: 'already_exists', retryable: false },
  invalid_state: { status: 409, rpc: 'failed_precondition', retryable: false },
  /** Another operation on the same capsule is under way. */
  busy: { status: 409, rpc: 'aborted', retryable: true },
  /** The name belongs to a template of the platform. */
  name_reserved: { status: 409, rpc: 'already_exists', retryable: false },
  template_name_taken: { status: 409, rpc: 'already_exists', retryable: false },
  snapshot_in_use: { status: 409, rpc: 'failed_precondition', retryable: false },
  /** A snapshot that cannot be restored here: a part is missing or altered, or it is of another engine or CPU. */
  snapshot_refused: { status: 409, rpc: 'data_loss', retryable: false },
  /** An image of a registry that cannot be used: altered on its way, for another machine, or in a form nobody unpacks. */
  image_refused: { status: 409, rpc: 'data_loss', retryable: false },
  /** It is not, or no longer, the version that the request's `If-Match` or `If-None-Match` is about. */
  precondition_failed: { status: 412, rpc: 'failed_precondition', retryable: false },
  too_large: { status: 413, rpc: 'out_of_range', retryable: false },
  rate_limited: { status: 429, rpc: 'resource_exhausted', retryable: true },
  not_implemented: { status: 501, rpc: 'unimplemented', retryable: false },
  agent_error: { status: 502, rpc: 'internal', retryable: false },
  no_hosts_available: { status: 503, rpc: 'resource_exhausted', retryable: true },
  host_unavailable: { status: 503, rpc: 'unavailable', retryable: true },
  database_unavailable: { status: 503, rpc: 'unavailable', retryable: true },
  no_space: { status: 507, rpc: 'resource_exhausted', retryable: false },
  deadline_exceeded: { status: 504, rpc: 'deadline_exceeded', retryable: true },
  cancelled: { status: 499, rpc: 'canceled', retryable: true },
  missing_prerequisite: { status: 503, rpc: 'failed_precondition', retryable: false },
  internal_error: { status: 500, rpc: 'internal', retryable: false },
} as const satisfies Record<string, { status: number; rpc: string; retryable: boolean }>;

export type ErrorCode = keyof typeof errorCodes;

/** What is wrong at one place of a text; the first line and column are 1. */
interface TextProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy: string;
}

export interface ErrorDetails {
  /** What the reader can do about it, as an imperative or a fact; shown to users. */
  readonly remedy?: string;
  /** The request field at fault, in dotted form. */
  readonly field?: string;
  /** Where in a text of the request what is wrong, in its order. */
  readonly problems?: readonly TextProblem[];
  /** When the same request can succeed, in seconds from now; for codes that are retryable. */
  readonly retryAfterSec?: number;
  /** For logs; never sent to a client. */
  readonly cause?: unknown;
}

interface ErrorBody {
  code: ErrorCode;
  message: string;
  remedy?: string;
  field?: string;
  problems?: TextProblem[];
  retryable: boolean;
}

/** The one error class. `message` says what was being done and what went wrong: it is shown to users. */
export class WrennError extends Error {
  override readonly name = 'WrennError';
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly field: string | undefined;
  readonly problems: readonly TextProblem[] | undefined;
  readonly retryAfterSec: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy;
    this.field = details.field;
    this.problems = details.problems;
    this.retryAfterSec = details.retryAfterSec;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  /** The body that clients get. */
  toJSON(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.problems === undefined ? {} : { problems: [...this.problems] }),
      retryable: this.retryable,
    };
  }

  /** What was thrown, as a WrennError: system errors get the code that fits, anything else `internal_error`. */
  static from(thrown: unknown, doing = 'unexpected fault'): WrennError {
    if (thrown instanceof WrennError) return thrown;
    // The clean-up after a fault failed too: what matters is the fault that came first.
    if (thrown instanceof SuppressedError) return WrennError.from(thrown.suppressed, doing);
    const system = systemCode(thrown);
    if (system === 'ENOSPC' || system === 'EDQUOT') {
      return new WrennError('no_space', `${doing}: no space left on the disk`, {
        cause: thrown,
        remedy: 'free disk space and try again',
      });
    }
    if (thrown instanceof Error && thrown.name === 'AbortError') {
      return thrown.cause instanceof WrennError
        ? thrown.cause
        : new WrennError('cancelled', `${doing}: cancelled`, { cause: thrown });
    }
    if (thrown instanceof Error && thrown.name === 'TimeoutError') {
      return new WrennError('deadline_exceeded', `${doing}: took too long`, { cause: thrown });
    }
    return new WrennError('internal_error', doing, { cause: thrown });
  }
}

/** EDQUOT on Linux, which libuv has no name for. */
const quotaExceeded = 122;

/** The `code` of a Node system error (`ENOENT`, …), or undefined. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  if ('errno' in thrown && Math.abs(Number(thrown.errno)) === quotaExceeded) return 'EDQUOT';
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** An error and its causes on one line, for logs. */
export function describeError(thrown: unknown): string {
  const parts: string[] = [];
  for (let error = thrown; error !== undefined && parts.length < 8; ) {
    parts.push(error instanceof Error ? error.message : String(error));
    error = error instanceof Error ? error.cause : undefined;
  }
  return parts.join(': ');
}
