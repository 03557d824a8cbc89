import { dropRest } from '@wrenn/service';
import {
  bytesMoved,
  type IncomingRequest,
  isGone,
  type OutgoingAnswer,
  reset,
  writeHead,
  writeTrailers,
} from './client-side.ts';
import { asForwardFault, nextAttemptAfter } from './dial.ts';
import type { Exchange } from './exchanges.ts';
import { ForwardFault } from './forward-fault.ts';
import { forwardCounts } from './metrics.ts';
import type { Passing } from './passing.ts';
import { ByClient, isForClient } from './sending/by-client.ts';
import { ByRequest } from './sending/by-request.ts';
import type { Clients } from './sending/clients.ts';
import { isSafe } from './sending/safe.ts';
import type { AnswerHead, Hearer, Sending } from './sending/sending.ts';

/**
 * Passes a request on and its answer back, bodies and trailers as they come, neither faster than the slower side takes
 * it. Settles when the exchange is over, however it ended. Rejects with a `ForwardFault` only while the client has got
 * nothing, so that the caller can still answer.
 */
export function forward(request: IncomingRequest, response: OutgoingAnswer, passing: Passing): Promise<void> {
  return new Forwarding(request, response, passing).run();
}

class Forwarding implements Hearer, Exchange {
  readonly #request: IncomingRequest;
  readonly #response: OutgoingAnswer;
  readonly #passing: Passing;
  readonly #done = Promise.withResolvers<void>();
  readonly #bytesBefore: number;
  #sent: Sending | undefined;
  /** Undefined where the request goes by `node:http`. */
  #clients: Clients | undefined;
  #attempt = 0;
  #beganMs = 0;
  #isRepeated = false;
  #isContinued = false;
  #hasBegun = false;
  #isOver = false;
  /** The guest has given all of its answer: there is nothing of it to break off. */
  #isWhole = false;

  constructor(request: IncomingRequest, response: OutgoingAnswer, passing: Passing) {
    this.#request = request;
    this.#response = response;
    this.#passing = passing;
    this.#bytesBefore = bytesMoved(request);
    this.#clients = isForClient(request, passing) ? passing.destination.clients : undefined;
  }

  async run(): Promise<void> {
    if (isGone(this.#response)) return;
    using _exchange = this.#passing.exchanges.add(this);
    // The client has all of it, or has gone away.
    this.#response.once('close', () => this.#end());
    this.#beganMs = performance.now();
    this.#dial();
    await this.#done.promise;
  }

  bytes(): number {
    return bytesMoved(this.#request) - this.#bytesBefore;
  }

  /** A client's connection may be one of HTTP/2, which it shares with others; that to the next hop never is. */
  moved(): number {
    return this.#sent?.moved ?? 0;
  }

  reset(): void {
    this.#sent?.abandon();
    reset(this.#response);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isWhole) this.#sent?.abandon();
    this.#done.resolve();
  }

  #dial(): void {
    this.#attempt += 1;
    const [request, response, passing] = [this.#request, this.#response, this.#passing];
    if (this.#clients !== undefined) {
      const sending = new ByClient(this.#clients, passing, response, this);
      this.#sent = sending;
      sending.send(request.method ?? 'GET', passing);
      return;
    }
    try {
      this.#sent = new ByRequest(request, response, passing, this);
    } catch (thrown) {
      this.#fail(new ForwardFault('unspeakable', thrown));
    }
  }

  /** Once, and to nobody who has not asked: it would be taken for the answer to the next request. */
  continues(): void {
    const { headers, httpVersion } = this.#request;
    if (this.#isContinued || headers.expect === undefined || httpVersion === '1.0') return;
    this.#isContinued = true;
    if (!isGone(this.#response)) this.#response.writeContinue();
  }

  breaks(sending: Sending, fault: unknown): void {
    if (this.#hasBegun) reset(this.#response);
    if (this.#hasBegun || this.#isOver) return;
    const after = nextAttemptAfter(this.#attempt, fault, this.#passing.destination);
    if (after !== undefined) {
      forwardCounts.repeated(this.#passing.destination.hop, 'closed');
      setTimeout(() => {
        if (!this.#isOver) this.#dial();
      }, after);
      return;
    }
    if (this.#mayRepeat(sending)) {
      this.#isRepeated = true;
      forwardCounts.repeated(this.#passing.destination.hop, 'stale');
      this.#dial();
      return;
    }
    this.#fail(asForwardFault(fault, this.#passing.destination));
  }

  misunderstands(): void {
    this.#clients = undefined;
    if (!this.#isOver) this.#dial();
  }

  /** The guest closed an idle connection while the request was on its way; the others are closed as well by now. */
  #mayRepeat({ isReused }: Sending): boolean {
    return isReused && !this.#isRepeated && this.#passing.body === 'none' && isSafe(this.#request.method);
  }

  #fail(fault: ForwardFault): void {
    this.#isOver = true;
    forwardCounts.failed(fault.hop, fault.kind);
    this.#done.reject(fault);
  }

  begins(sending: Sending, { status, message, rawHeaders }: AnswerHead): boolean {
    const fault = status === 101 ? new ForwardFault('unspeakable') : this.#passing.faultIn?.(rawHeaders);
    if (fault !== undefined) {
      sending.abandon();
      this.#fail(fault);
      return false;
    }
    try {
      writeHead(this.#response, status, message, this.#passing.answerHeaders(rawHeaders));
    } catch (thrown) {
      sending.abandon();
      this.#fail(new ForwardFault('unspeakable', thrown));
      return false;
    }
    this.#hasBegun = true;
    forwardCounts.answered(this.#passing.destination.hop, status, this.#beganMs);
    return true;
  }

  ends(rawTrailers: readonly string[]): void {
    this.#isWhole = true;
    const response = this.#response;
    try {
      writeTrailers(response, rawTrailers);
      response.end();
    } catch {
      // The status is sent: there is no other way left to say that the answer is not whole.
      reset(response);
    }
    if (!this.#request.complete) response.once('finish', () => dropRest(this.#request));
  }
}
