import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { abortable, deadline, type Secret, systemCode, until, WrennError } from '@wrenn/core';
import { Process } from '@wrenn/protocol/process';
import { z } from 'zod';

/** Where envd listens inside every capsule. */
const envdPort = 49983;

/** What `/init` fixed after a boot or a restore, as envd reports it; kept with the capsule for its user to see. */
const receipt = z.looseObject({ version: z.string() });
export type InitReceipt = z.infer<typeof receipt>;

export interface InitRequest {
  readonly accessToken: string;
  /** The secret for the next `/init`. */
  readonly hostSecret: string;
  /** The host's time, RFC 3339. */
  readonly timestamp: string;
  readonly defaultUser: string;
  readonly envVars: Record<string, string>;
  readonly capsuleId: string;
  readonly templateId: string;
  readonly hostname: string;
  /** 32 hexadecimal digits. */
  readonly machineId: string;
  /** Base64. */
  readonly entropy: string;
}

/** The answer of a VM's daemon is not trusted to be small. */
const answerLimitBytes = 1 << 20;

/**
 * The host's way to one capsule's envd. It keeps a few connections open; `close()` before the guest is frozen or
 * gone, since a connection that crosses a snapshot is dead without knowing it.
 */
export class GuestClient {
  readonly #baseUrl: string;
  readonly #token: Secret;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 4, timeout: 90_000 });
  readonly process: Client<typeof Process>;

  constructor(address: string, token: Secret) {
    this.#baseUrl = `http://${address}:${envdPort}`;
    this.#token = token;
    this.process = createClient(
      Process,
      createConnectTransport({
        baseUrl: this.#baseUrl,
        httpVersion: '1.1',
        useBinaryFormat: true,
        nodeOptions: { agent: this.#agent },
        interceptors: [
          (next) => (call) => {
            call.header.set('X-Access-Token', this.#token.reveal());
            return next(call);
          },
        ],
      }),
    );
  }

  /**
   * Gives the guest its identity, time and tokens. Tried until envd answers: while a guest boots nobody listens.
   * `hostSecret` is the current one; absent at the first `/init` after a boot, which sets it.
   */
  async init(body: InitRequest, hostSecret: Secret | undefined, signal: AbortSignal): Promise<InitReceipt> {
    const headers = hostSecret === undefined ? {} : { 'X-Wrenn-Host-Secret': hostSecret.reveal() };
    const answer = await until(() => this.#post('/init', JSON.stringify(body), headers, signal), 20, signal);
    if (answer.status !== 200) {
      throw new WrennError(
        'agent_error',
        `initialising the guest: envd answered ${answer.status}: ${answer.text}`,
      );
    }
    const parsed = receipt.safeParse(JSON.parse(answer.text));
    if (!parsed.success) throw new WrennError('agent_error', 'initialising the guest: envd sent no receipt');
    return parsed.data;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Undefined when nobody listens yet; then nothing was sent. */
  async #post(path: string, body: string, headers: Record<string, string>, signal: AbortSignal) {
    const connection = Promise.withResolvers<void>();
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const answer = send(`${this.#baseUrl}${path}`, this.#agent, body, headers, either, connection.resolve);
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
    return await answer;
  }
}

const connectDeadlineMs = 2_000;
const unreachableCodes = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

function isNobodyThere(thrown: unknown): boolean {
  if (thrown instanceof WrennError) return thrown.code === 'deadline_exceeded';
  return unreachableCodes.has(systemCode(thrown) ?? '');
}

function send(
  url: string,
  agent: Agent,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
  onConnected: () => void,
): Promise<{ status: number; text: string }> {
  const done = Promise.withResolvers<{ status: number; text: string }>();
  const sent = httpRequest(
    url,
    { method: 'POST', agent, signal, headers: { ...headers, 'content-type': 'application/json' } },
    (response) => {
      readAnswer(response).then(done.resolve, done.reject);
    },
  );
  sent.on('error', done.reject);
  sent.on('socket', (socket) => {
    if (socket.connecting) socket.once('connect', onConnected);
    else onConnected();
  });
  sent.end(body);
  return done.promise;
}

async function readAnswer(response: IncomingMessage): Promise<{ status: number; text: string }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const body: AsyncIterable<Buffer> = response;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > answerLimitBytes) throw new WrennError('agent_error', 'envd sent too much');
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}
