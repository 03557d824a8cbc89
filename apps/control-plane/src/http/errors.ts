import { describeError, errorCodes, WrennError } from '@wrenn/core';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';

/** The one place where what was thrown becomes an answer, and where faults of our own are logged. */
export function addErrorHandling(app: FastifyInstance): void {
  app.setErrorHandler((thrown: FastifyError, request, reply) => answer(toWrennError(thrown), request, reply));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0];
    return answer(new WrennError('not_found', `no route ${request.method} ${path}`), request, reply);
  });
}

async function answer(error: WrennError, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { status } = errorCodes[error.code];
  if (status >= 500) {
    const facts = { code: error.code, cause: describeError(error) };
    // Who goes away in the middle of a body makes some fault or other of it, which nobody has and nobody hears of.
    if (request.raw.socket.destroyed) request.log.info(facts, 'the client went away');
    else request.log.error(facts, 'request failed');
  }
  if (error.retryAfterSec !== undefined) void reply.header('retry-after', Math.ceil(error.retryAfterSec));
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  return await reply.code(status).type('application/json').send(JSON.stringify({ error }));
}

function toWrennError(thrown: FastifyError): WrennError {
  if (thrown instanceof WrennError) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) return invalidRequest(thrown);
  const code = thrown.statusCode === undefined ? undefined : byFastifyStatus(thrown.statusCode);
  if (code === undefined) return WrennError.from(thrown, 'the request failed inside the server');
  return new WrennError(code, thrown.message, { cause: thrown });
}

/** What Fastify itself refuses: a body too large, JSON that does not parse, a content type it does not know. */
function byFastifyStatus(status: number): 'too_large' | 'invalid_request' | undefined {
  if (status === 413) return 'too_large';
  return status >= 400 && status < 500 ? 'invalid_request' : undefined;
}

type ValidationError = FastifyError & {
  validation: { instancePath: string; message?: string; params: object }[];
  validationContext?: string;
};

function invalidRequest(thrown: FastifyError): WrennError {
  const { validation, validationContext } = thrown as ValidationError;
  const [issue] = validation;
  const path = issue?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  // zod names the object that holds an unknown field; a reader wants the field.
  const keys: unknown = issue && Reflect.get(issue.params, 'keys');
  const unknown = Array.isArray(keys) ? String(keys[0]) : undefined;
  const field = [path, unknown].filter((part) => part !== undefined && part !== '').join('.');
  const name = field === '' ? (validationContext ?? 'request') : field;
  const problem = unknown === undefined ? (issue?.message ?? 'is not valid') : 'there is no such field';
  return new WrennError('invalid_request', `${name}: ${problem}`, { field: name, cause: thrown });
}
