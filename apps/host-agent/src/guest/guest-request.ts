import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { abortable, deadline, systemCode, WrennError } from '@wrenn/core';

export interface GuestRequest {
  readonly url: string;
  readonly agent: Agent;
  readonly headers: Record<string, string>;
  readonly body: Body;
}

/** Made when it is sent, since it may carry the time. */
export interface Body {
  /**
   * `connected`: when the guest's kernel has taken the connection. `heard`: when its daemon has asked for the body, which
   * costs one packet each way. A machine just restored takes the first packets of a connection with tens of milliseconds
   * of delay, and those after them with one.
   */
  readonly when: 'connected' | 'heard';
  readonly make: () => string;
}

export interface GuestAnswer {
  readonly status: number;
  readonly text: string;
}

const connectDeadlineMs = 2_000;
const unreachableCodes = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

/** The answer of a VM's daemon is not trusted to be small. */
const answerLimitBytes = 1 << 20;

/**
 * A POST to the guest. Undefined when nobody listens yet; then nothing was sent. Throws the signal's reason, and
 * `host_unavailable` when it is not known whether the guest has heard it.
 */
export async function postToGuest(
  request: GuestRequest,
  signal: AbortSignal,
): Promise<GuestAnswer | undefined> {
  const connection = Promise.withResolvers<void>();
  const stop = new AbortController();
  const answer = send(request, AbortSignal.any([signal, stop.signal]), connection.resolve);
  try {
    // While a guest boots its packets go nowhere, and a lost one is only repeated after a second. Once connected
    // there is no other bound than the caller's: a request that was heard must not be sent again.
    using limit = deadline(connectDeadlineMs, 'connecting to envd', signal);
    await abortable(Promise.race([connection.promise, answer]), limit);
  } catch (thrown) {
    stop.abort();
    answer.catch(() => undefined);
    signal.throwIfAborted();
    if (isNobodyThere(thrown)) return undefined;
    throw thrown;
  }
  try {
    return await answer;
  } catch (thrown) {
    signal.throwIfAborted();
    throw new WrennError('host_unavailable', 'the connection to envd broke', { cause: thrown });
  }
}

function isNobodyThere(thrown: unknown): boolean {
  if (thrown instanceof WrennError) return thrown.code === 'deadline_exceeded';
  return unreachableCodes.has(systemCode(thrown) ?? '');
}

function send(
  { url, agent, headers: given, body }: GuestRequest,
  signal: AbortSignal,
  onConnected: () => void,
): Promise<GuestAnswer> {
  const done = Promise.withResolvers<GuestAnswer>();
  const expect = body.when === 'heard' ? { expect: '100-continue' } : {};
  const headers = { ...given, ...expect, 'content-type': 'application/json' };
  const sent = httpRequest(url, { method: 'POST', agent, signal, headers });
  sent.on('response', (response) => {
    // Also where it was refused unread.
    sent.end();
    readAnswer(response).then(done.resolve, done.reject);
  });
  sent.on('error', done.reject);
  sent.on('continue', () => sent.end(body.make()));
  const connected = () => {
    onConnected();
    if (body.when === 'heard') sent.flushHeaders();
    else sent.end(body.make());
  };
  sent.on('socket', (socket) => {
    if (socket.connecting) socket.once('connect', connected);
    else connected();
  });
  return done.promise;
}

/** Throws `agent_error` for one that is larger. */
export async function readAnswer(
  response: IncomingMessage,
  limitBytes: number = answerLimitBytes,
): Promise<GuestAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const body: AsyncIterable<Buffer> = response;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limitBytes) throw new WrennError('agent_error', 'envd sent too much');
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}
