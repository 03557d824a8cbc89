import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type CapsuleId, describeError, WrennError } from '@wrenn/core';
import {
  answerWhole,
  type Client,
  expectFaults,
  ForwardFault,
  forward,
  type IncomingRequest,
  type OutgoingAnswer,
  type Passing,
  Places,
  type RequestHead,
  readHead,
  tunnel,
  whileThere,
} from '@wrenn/forward';
import { answerRaw, dropRest, type Logger } from '@wrenn/service';
import { type Admission, admit, guestDaemonPort } from './access/admit.ts';
import { type Target, targetOf } from './addressing/target.ts';
import type { CapsuleFacts } from './capsules/facts.ts';
import type { FactsCache } from './capsules/facts-cache.ts';
import type { Reach } from './capsules/reach.ts';
import type { Reached } from './capsules/reached.ts';
import type { Front } from './front.ts';
import { countRequest, type RequestGoal, type RequestOutcome, timeReach } from './metrics.ts';
import { type Outside, passingOf, protocolOf } from './passing.ts';
import { readerOf, refusalAnswer } from './refusal/answer.ts';
import { faultRefusal, tooMany } from './refusal/fault-refusal.ts';
import { Refusal } from './refusal/refusal.ts';
import { tracedRequest, withTrace } from './traced.ts';

const healthy = JSON.stringify({ status: 'ok' });

/**
 * More at once for one capsule are turned away, those among them that wait for it: each holds two connections, and what is
 * buffered on them.
 */
const mostAtOnce = 2_000;
/** One that has left each time that a request comes to where it was is not followed for ever. */
const rounds = 3;

export interface EdgeParts {
  readonly facts: Pick<FactsCache, 'fresh' | 'of'>;
  readonly reach: Pick<Reach, 'direct' | 'find' | 'findAgain'>;
  readonly front: Pick<Front, 'isAt' | 'keepsBack' | 'passing'>;
  readonly outside: Outside;
  readonly log: Logger;
  readonly places?: Places<CapsuleId>;
  readonly agreeMs?: number;
}

type Way =
  | { readonly kind: 'itself' }
  | { readonly kind: 'remember'; readonly admission: Extract<Admission, { kind: 'remember' }> }
  | { readonly kind: 'api'; readonly passing: Passing }
  | { readonly kind: 'capsule'; readonly id: CapsuleId; readonly passing: (by: Reached) => Passing };

/** What is done with a request, from its head to the last byte of its answer. */
export class Edge {
  readonly #parts: EdgeParts;
  readonly #places: Places<CapsuleId>;

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    this.#places = parts.places ?? new Places(mostAtOnce);
  }

  request(request: IncomingRequest, response: OutgoingAnswer): Promise<void> {
    expectFaults(request, response);
    return tracedRequest(request, 'request', () => this.#request(request, response));
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Nobody else listens while the way is looked for; who waits for it hears of the close.
    socket.on('error', () => socket.destroy());
    return tracedRequest(request, 'upgrade', () => this.#upgrade(request, socket, head));
  }

  async #request(request: IncomingRequest, response: OutgoingAnswer): Promise<void> {
    let goal: RequestGoal = 'unknown';
    try {
      const way = await this.#way(request, undefined);
      goal = way.kind;
      switch (way.kind) {
        case 'capsule':
          await this.#toCapsule(way, response, (passing) => forward(request, response, passing));
          break;
        case 'api':
          await forward(request, response, way.passing);
          break;
        case 'remember':
          answerWhole(response, 303, rememberHeaders(way.admission));
          break;
        case 'itself':
          answerWhole(response, 200, { 'content-type': 'application/json' }, healthy);
          dropRest(request);
      }
      countRequest('request', goal, 'passed');
    } catch (thrown) {
      if (response.destroyed) {
        countRequest('request', goal, 'gone');
        return;
      }
      const { status, headers, body, outcome } = this.#refusal(thrown, request);
      countRequest('request', goal, outcome);
      answerWhole(response, status, headers, request.method === 'HEAD' ? '' : body);
      dropRest(request);
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    let goal: RequestGoal = 'unknown';
    const leave = () => socket.destroy();
    socket.once('end', leave);
    try {
      const way = await this.#way(request, request.headers.upgrade);
      goal = way.kind;
      const join = async (passing: Passing) => {
        // From here on it may end its side and still listen.
        socket.off('end', leave);
        await tunnel({ request, socket, head, agreeMs: this.#parts.agreeMs }, passing);
      };
      if (way.kind === 'capsule') await this.#toCapsule(way, socket, join);
      else if (way.kind === 'api') await join(way.passing);
      else throw nothingHere();
      countRequest('upgrade', goal, 'passed');
    } catch (thrown) {
      if (socket.destroyed) {
        countRequest('upgrade', goal, 'gone');
        return;
      }
      const { status, headers, body, outcome } = this.#refusal(thrown, request);
      countRequest('upgrade', goal, outcome);
      answerRaw(socket, status, headers, body);
    }
  }

  async #way(request: IncomingRequest, upgrade: string | undefined): Promise<Way> {
    const head = readHead(request);
    const { front, outside } = this.#parts;
    // First: at the API's name nothing of a capsule may be shown.
    if (front.isAt(head.host)) {
      if (front.keepsBack(head.path)) throw nothingHere();
      return { kind: 'api', passing: withTrace(front.passing(request, head, outside, upgrade)) };
    }
    const target = targetIn(request, head);
    if (target === undefined) {
      const [path = ''] = head.path.split('?', 1);
      if (path === '/health') return { kind: 'itself' };
      throw nothingHere();
    }
    const facts = this.#parts.facts.fresh(target.capsuleId) ?? (await this.#factsOf(target));
    const admission = admit(target, facts, {
      headers: request.headers,
      method: request.method ?? 'GET',
      upgrade,
      host: head.host,
      protocol: protocolOf(request, outside),
    });
    if (admission.kind === 'remember') return { kind: 'remember', admission };
    const passing = (by: Reached) => withTrace(passingOf(request, head, target, by, outside, upgrade));
    return { kind: 'capsule', id: target.capsuleId, passing };
  }

  /** Again where its host says that the capsule does not run there: nothing of a request is read before its host has it. */
  async #toCapsule(
    { id, passing }: Extract<Way, { kind: 'capsule' }>,
    client: Client,
    send: (passing: Passing) => Promise<void>,
  ): Promise<void> {
    const { reach } = this.#parts;
    const place = this.#places.take(id);
    if (place === undefined) throw tooMany();
    using _place = place;
    let reached =
      reach.direct(id) ?? (await timeReach(() => whileThere(client, (gone) => reach.find(id, gone))));
    for (let round = 1; ; round++) {
      try {
        await send(passing(reached));
        return;
      } catch (thrown) {
        const isAbsent = thrown instanceof ForwardFault && thrown.kind === 'absent';
        if (!isAbsent || round === rounds) throw thrown;
      }
      reached = await timeReach(() => whileThere(client, (gone) => reach.findAgain(id, gone)));
    }
  }

  async #factsOf({ capsuleId }: Target): Promise<CapsuleFacts> {
    const facts = await this.#parts.facts.of(capsuleId);
    if (facts === undefined) throw new Refusal('not_found', 'there is no such capsule');
    return facts;
  }

  #refusal(thrown: unknown, request: IncomingRequest) {
    const fault = thrown instanceof ForwardFault ? faultRefusal(thrown) : thrown;
    // At the API's name whatever is said is about the API.
    const target = this.#parts.front.isAt(namedHost(request)) ? undefined : targetOrNone(request);
    const answer = refusalAnswer(
      fault,
      target && {
        capsuleId: target.capsuleId,
        port: target.port,
        speaksE2b: target.form === 'headers' || target.port === guestDaemonPort || isE2b(request),
      },
      readerOf(request.headers),
    );
    if (isOurFault(fault))
      this.#parts.log.warn(
        { capsule: target?.capsuleId, port: target?.port, cause: describeError(thrown) },
        'a request was not passed on',
      );
    return { ...answer, outcome: outcomeOf(fault) };
  }
}

/** Anybody can cause any number of the others. */
function isOurFault(fault: unknown): boolean {
  if (!(fault instanceof Refusal)) return !(fault instanceof WrennError && fault.code === 'invalid_request');
  return fault.kind === 'unavailable' || fault.kind === 'unreachable';
}

function outcomeOf(fault: unknown): RequestOutcome {
  if (fault instanceof Refusal) return fault.kind;
  return fault instanceof WrennError && fault.code === 'invalid_request' ? 'bad_request' : 'fault';
}

function isE2b({ headers }: IncomingRequest): boolean {
  return headers['e2b-sandbox-id'] !== undefined;
}

function targetIn(request: IncomingRequest, { host, path }: Pick<RequestHead, 'host' | 'path'>) {
  const { headers } = request;
  const sandboxId = single(headers['e2b-sandbox-id']);
  const sandboxPort = single(headers['e2b-sandbox-port']);
  return targetOf({ host, path, sandboxId, sandboxPort });
}

/** For the text of a refusal, also of a request whose target is what was wrong with it. */
function targetOrNone(request: IncomingRequest): Target | undefined {
  try {
    return targetIn(request, { host: namedHost(request), path: request.url ?? '/' });
  } catch (thrown) {
    if (thrown instanceof WrennError) return undefined;
    throw thrown;
  }
}

/** The credential leaves the address bar, and is in no `Referer`. */
function rememberHeaders({ location, cookie }: Extract<Admission, { kind: 'remember' }>) {
  return {
    location,
    'set-cookie': cookie,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  };
}

function nothingHere(): Refusal {
  return new Refusal('no_capsule_named', 'this address names no capsule', {
    remedy: 'ask for {port}-{capsule}.{domain}, or send E2b-Sandbox-Id and E2b-Sandbox-Port',
  });
}

/** HTTP/2 has another name for it. */
function namedHost(request: IncomingRequest): string {
  return request.headers.host ?? ('authority' in request ? request.authority : '');
}

/** Node joins most repeated headers; where it does not, two values are no value that could be trusted. */
function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
