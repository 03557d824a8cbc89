/** What is wrong at one place of a text; the first line and column are 1. */
export interface TextProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy: string;
}

/** What the server answered instead of what was asked for, or why there was no answer. `code` is stable. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault';
  readonly code: string;
  /** 0 where nothing was answered. */
  readonly status: number;
  /** The field of the form at fault, as the API names it. */
  readonly field: string | undefined;
  readonly remedy: string | undefined;
  readonly requestId: string | undefined;
  /** Where in the text of the field what is wrong. */
  readonly problems: readonly TextProblem[];

  constructor(
    facts: Omit<ApiFault, 'name' | 'stack' | 'cause' | 'problems'> & Partial<Pick<ApiFault, 'problems'>>,
    options?: ErrorOptions,
  ) {
    super(facts.message, options);
    this.code = facts.code;
    this.status = facts.status;
    this.field = facts.field;
    this.remedy = facts.remedy;
    this.requestId = facts.requestId;
    this.problems = facts.problems ?? [];
  }
}

/** From the body of an answer that is not 2xx; that of a proxy on the way keeps its status. */
export function faultOf(body: unknown, response: Response): ApiFault {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const error = isRecord(body) ? body['error'] : undefined;
  if (isRecord(error) && typeof error['code'] === 'string' && typeof error['message'] === 'string') {
    return new ApiFault({
      code: error['code'],
      message: error['message'],
      status: response.status,
      field: text(error['field']),
      remedy: text(error['remedy']),
      requestId,
      problems: Array.isArray(error['problems']) ? error['problems'].filter(isProblem) : [],
    });
  }
  return new ApiFault({
    code: 'unexpected_answer',
    message: `the server answered ${response.status}, and not as Wrenn does`,
    status: response.status,
    field: undefined,
    remedy: 'try again; a proxy before Wrenn may be at fault',
    requestId,
  });
}

/** Whatever was thrown, as something that can be shown. */
export function asFault(thrown: unknown): ApiFault {
  if (thrown instanceof ApiFault) return thrown;
  const isNetwork = thrown instanceof TypeError;
  return new ApiFault(
    {
      code: isNetwork ? 'unreachable' : 'unexpected',
      message: isNetwork ? 'the server cannot be reached' : String(thrown),
      status: 0,
      field: undefined,
      remedy: isNetwork ? 'check the connection; nothing you typed is lost' : undefined,
      requestId: undefined,
    },
    { cause: thrown },
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isProblem(value: unknown): value is TextProblem {
  if (!isRecord(value)) return false;
  const { line, column, message, remedy } = value;
  return (
    typeof line === 'number' &&
    typeof column === 'number' &&
    typeof message === 'string' &&
    typeof remedy === 'string'
  );
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
