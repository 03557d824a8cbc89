import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { abortable, deadline, describeError, errorCodes, parseId, WrennError } from '@wrenn/core';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { authenticate } from '../access/authenticate.ts';
import { callerOn } from '../access/caller.ts';
import { presentedCredential } from '../access/credential.ts';
import type { Admission } from '../access/still-allowed.ts';
import { accessEveryMs, watchAccess } from '../access/watch-access.ts';
import { auditAccess } from '../audit/audit-access.ts';
import { canonicalUrl } from '../http/aliases.ts';
import { allow } from '../http/auth.ts';
import { requestId } from '../http/request-id.ts';
import type { ServerContext } from '../server-context.ts';
import { Channel } from './channel.ts';
import { counted } from './count-sockets.ts';
import { parseFrame } from './frames.ts';
import { refuse } from './refuse.ts';
import { type Match, matchRoute, type SocketRoute } from './socket-route.ts';
import type { Upgrades } from './upgrades.ts';

/** A megabyte of input in base64, and what is around it. */
const largestMessageBytes = 2 * 1024 * 1024;
const closeMs = 2_000;

/** Codes of a close: RFC 6455, 7.4.1. */
const closeCodes = { done: 1000, goingAway: 1001, refused: 1008, fault: 1011 } as const;

export interface SocketLimits {
  /** For the first message of a client that could not send headers. */
  readonly authenticationMs: number;
  /** Between two signs of life. */
  readonly pingMs: number;
  /** Between two looks at whether a socket that is open would still be opened. */
  readonly accessEveryMs: number;
}
const defaults: SocketLimits = { authenticationMs: 5_000, pingMs: 30_000, accessEveryMs };

/** Who asks, and what they show. */
type Shown = Pick<Admission, 'principal' | 'credential'>;

const authFrame = z.object({ type: z.literal('auth'), token: z.string().min(1).max(2048) });

/**
 * The WebSockets of the API. Who may open one is known before anything of it is looked at: by the headers of the
 * request or, for browsers, which cannot set any, by the first message. Upgrades of other paths are no upgrades: those
 * requests go the way of all others, with the same questions asked.
 */
export class Sockets implements Upgrades {
  readonly #context: ServerContext;
  readonly #routes: readonly SocketRoute[];
  readonly #limits: SocketLimits;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessageBytes,
    // Keystrokes do not get smaller by it, and each connection would keep a window of memory.
    perMessageDeflate: false,
  });
  readonly #open = new Map<Channel, Promise<void>>();

  constructor(context: ServerContext, routes: readonly SocketRoute[], limits: Partial<SocketLimits> = {}) {
    this.#context = context;
    this.#routes = routes;
    this.#limits = { ...defaults, ...limits };
  }

  isSocket({ url }: IncomingMessage): boolean {
    return this.#match(url) !== undefined;
  }

  /** Takes the connection over. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    void this.#upgrade(request, socket, head);
  }

  /** Tells all clients to come back later; returns when they have had a moment to hear it. */
  async close(): Promise<void> {
    for (const channel of this.#open.keys()) channel.close(closeCodes.goingAway, 'the server is stopping');
    using limit = deadline(closeMs, 'closing sockets');
    await abortable(Promise.all(this.#open.values()), limit).catch(() => undefined);
  }

  /** Never rejects. */
  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const match = this.#match(request.url);
      if (match === undefined) throw new WrennError('not_found', 'no socket is opened for this path');
      const credential = presentedCredential(request, this.#context.config);
      const shown = credential === undefined ? undefined : await this.#whose(credential.text);
      if (shown !== undefined) allow(shown.principal, match.auth);
      this.#server.handleUpgrade(request, socket, head, (accepted) => {
        const channel = new Channel(accepted, this.#limits.pingMs);
        const serving = this.#serve(channel, request, match, shown).finally(() => this.#open.delete(channel));
        this.#open.set(channel, serving);
      });
    } catch (thrown) {
      refuse(socket, WrennError.from(thrown, 'opening a socket'));
    }
  }

  #match(url = '/'): Match | undefined {
    return matchRoute(this.#routes, canonicalUrl(url).split('?', 1)[0] ?? '/');
  }

  /** Never rejects: what goes wrong is told to the client. */
  async #serve(
    channel: Channel,
    request: IncomingMessage,
    { route, auth, capsule, parameters }: Match,
    known: Shown | undefined,
  ): Promise<void> {
    const log = this.#context.log.child({ request: requestId(request), socket: route.path });
    try {
      const shown = known ?? (await this.#authenticate(channel));
      allow(shown.principal, auth);
      const caller = callerOn(shown.principal, auth);
      const capsuleId = parseId('capsule', capsule);
      const query = new URLSearchParams(request.url?.split('?', 2)[1] ?? '');
      await auditAccess(this.#context, caller, route.audits, capsuleId);
      const opened = { ...caller, capsuleId, parameters, query, log };
      await this.#whileAllowed(channel, { ...shown, auth, caller }, () =>
        counted(route.path, () => route.serve(this.#context, channel, opened)),
      );
      channel.close(closeCodes.done, '');
    } catch (thrown) {
      const error = WrennError.from(thrown, 'serving a socket');
      if (errorCodes[error.code].status >= 500)
        log.warn({ capsule, code: error.code, cause: describeError(error) }, 'a socket ended by a fault');
      await channel.send({ type: 'error', data: error.message, fatal: true, error });
      const isClients = errorCodes[error.code].status < 500;
      channel.close(isClients ? closeCodes.refused : closeCodes.fault, error.code);
    }
  }

  /** Cuts the client off when it is not allowed any more: sessions, keys and members may go while a socket is open. */
  async #whileAllowed(channel: Channel, admission: Admission, serve: () => Promise<void>): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, channel.closed]);
    const { accessEveryMs } = this.#limits;
    const watching = watchAccess(this.#context, admission, accessEveryMs, signal).then((lost) => {
      if (lost !== undefined) channel.cutOff(closeCodes.refused, lost);
    });
    try {
      await serve();
    } finally {
      over.abort();
      await watching;
    }
  }

  async #whose(credential: string): Promise<Shown> {
    return { principal: await authenticate(this.#context, credential), credential };
  }

  async #authenticate(channel: Channel): Promise<Shown> {
    using limit = deadline(this.#limits.authenticationMs, 'waiting for the auth frame', channel.closed);
    const late = Promise.withResolvers<never>();
    limit.addEventListener('abort', () => late.reject(unauthorized('no auth frame came')), { once: true });
    const message = await Promise.race([channel.next(), late.promise]);
    if (message === undefined) throw unauthorized('no auth frame came');
    const frame = authFrame.safeParse(parseFrame(message));
    if (!frame.success) throw unauthorized('the first frame must be {"type":"auth","token":…}');
    return await this.#whose(frame.data.token).catch((thrown: unknown) => {
      // Clients know this sentence.
      if (WrennError.from(thrown).code === 'unauthorized') throw unauthorized('authentication failed');
      throw thrown;
    });
  }
}

function unauthorized(message: string): WrennError {
  return new WrennError('unauthorized', message, {
    remedy: 'send a valid key in the header X-API-Key, or as the token of a first frame of type auth',
  });
}
