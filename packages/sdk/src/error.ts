/** What the server answered instead of what was asked for. `code` is stable; `message` is for people. */
export class WrennApiError extends Error {
  override readonly name = 'WrennApiError';
  readonly code: string;
  /** The HTTP status; 0 when the server could not be reached or broke off. */
  readonly status: number;
  /** The request field at fault, in dotted form. */
  readonly field: string | undefined;
  readonly remedy: string | undefined;
  /** Whether the same call can succeed later. */
  readonly retryable: boolean;
  /** In the server's log too. */
  readonly requestId: string | undefined;

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(facts.message, options);
    this.code = facts.code;
    this.status = facts.status;
    this.field = facts.field;
    this.remedy = facts.remedy;
    this.retryable = facts.retryable ?? false;
    this.requestId = facts.requestId;
  }
}

interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly field?: string | undefined;
  readonly remedy?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly requestId?: string | undefined;
}

/** Reads an answer that is not 2xx; one that is not Wrenn's (a proxy's page) keeps its status. */
export async function errorFrom(response: Response): Promise<WrennApiError> {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const body = await response.json().catch(() => undefined);
  const error: unknown = isObject(body) ? body['error'] : undefined;
  if (isObject(error) && typeof error['code'] === 'string' && typeof error['message'] === 'string') {
    return new WrennApiError({
      code: error['code'],
      message: error['message'],
      status: response.status,
      field: optionalText(error['field']),
      remedy: optionalText(error['remedy']),
      retryable: error['retryable'] === true,
      requestId,
    });
  }
  return new WrennApiError({
    code: 'unexpected_answer',
    message: `${response.url} answered ${response.status}, and not as Wrenn does`,
    status: response.status,
    requestId,
  });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
