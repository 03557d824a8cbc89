import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CapsuleId, type ErrorCode, errorCodes, parseJson, systemCode, WrennError } from '@wrenn/core';
import { type AnswerBounds, answerTo } from '@wrenn/service';
import { z } from 'zod';
import type { Doer } from '../access/principal.ts';
import { useCapsule } from '../capsules/use.ts';
import type { Transfer } from '../hosts/transfers.ts';
import type { ServerContext } from '../server-context.ts';

/** A capsule, and who uses it. */
export interface Place {
  readonly context: ServerContext;
  readonly doer: Doer;
  readonly capsuleId: CapsuleId;
}

/** To reach a host, and for the head of an answer; a body takes as long as it takes. */
const usualBounds = { connectMs: 10_000, headMs: 30_000 };
const largestFault = 64 * 1024;
/** As the guest's daemon and the agent say it. */
const fault = z.object({
  message: z.string(),
  error: z.string().optional(),
  field: z.string().optional(),
  remedy: z.string().optional(),
});

/**
 * The guest's answer to a request for a file, once its head is here: what is not there, or may not be read, is an error
 * and no empty file. Its body breaks when the way to the guest does.
 */
export async function download(
  place: Place,
  wanted: { path: string; user: string; what?: Transfer['what']; headers?: Record<string, string> },
  signal: AbortSignal,
  bounds: AnswerBounds = usualBounds,
): Promise<IncomingMessage> {
  const { path, user, what = 'files', headers = {} } = wanted;
  return await started(place, { method: 'GET', what, path, user, headers }, signal, async (sent) => {
    sent.end();
    return await goodAnswer(sent, bounds);
  });
}

/**
 * Writes a file with what `body` yields; returns the guest's answer when it has all of it under its name. When `body`
 * breaks, or `signal` aborts, the file stays as it was.
 */
export async function upload(
  place: Place,
  given: {
    readonly path: string;
    readonly user: string;
    readonly what?: Transfer['what'];
    readonly length: string | undefined;
    readonly body: Readable;
    readonly headers?: Record<string, string>;
  },
  signal: AbortSignal,
  { connectMs }: Pick<AnswerBounds, 'connectMs'> = usualBounds,
): Promise<IncomingMessage> {
  const { path, user, what = 'files', length, body } = given;
  const headers = {
    ...given.headers,
    'content-type': 'application/octet-stream',
    ...(length === undefined ? {} : { 'content-length': length }),
  };
  const sent = await started(
    place,
    { method: 'POST', what, path, user, headers },
    signal,
    async (opened) => opened,
  );
  // The guest answers when it has all of it.
  const answer = goodAnswer(sent, { connectMs });
  // A guest that refuses closes before it has read all, so that its answer comes, and then a broken pipe.
  const sending = pipeline(body, sent, { signal });
  await Promise.race([answer, sending.then(() => answer)]);
  const answered = (await answer).resume();
  await sending;
  return answered;
}

/** Whoever is asked has the capsule running first, resumed if that is its way. */
async function started<T>(
  { context, doer, capsuleId }: Place,
  transfer: Transfer,
  signal: AbortSignal,
  begin: (sent: ClientRequest) => Promise<T>,
): Promise<T> {
  return await useCapsule(context, doer, capsuleId, signal, async (agent) => {
    const sent = await agent.transfer(capsuleId, transfer, signal);
    sent.on('error', () => undefined);
    return await begin(sent);
  });
}

/** The answer if it is a good one; throws what the guest or the agent refused. */
async function goodAnswer(sent: ClientRequest, bounds: AnswerBounds): Promise<IncomingMessage> {
  let answer: IncomingMessage;
  try {
    answer = await answerTo(sent, 'the host', bounds);
  } catch (thrown) {
    if (thrown instanceof WrennError || (thrown instanceof Error && thrown.name === 'AbortError'))
      throw thrown;
    throw new WrennError(
      'host_unavailable',
      `the host does not answer (${systemCode(thrown) ?? 'connection lost'})`,
      {
        cause: thrown,
        remedy: 'try again',
      },
    );
  }
  const status = answer.statusCode ?? 502;
  if (status < 300 || status === 304) return answer;
  throw refusal(status, await textOf(answer));
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > largestFault) break;
  }
  return text;
}

const byStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  412: 'precondition_failed',
  413: 'too_large',
  416: 'invalid_request',
  507: 'no_space',
};

function refusal(status: number, text: string): WrennError {
  const parsed = fault.safeParse(parseJson(text));
  const {
    message,
    error = '',
    field,
    remedy,
  } = parsed.success ? parsed.data : { message: `answered ${status}` };
  const stated = Object.hasOwn(errorCodes, error) ? (error as ErrorCode) : undefined;
  // The token is ours, so what the guest does not know is the user to act as.
  const code = stated === 'unauthorized' ? 'invalid_request' : (stated ?? byStatus[status] ?? 'agent_error');
  return new WrennError(code, message, {
    ...(field === undefined ? {} : { field }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
