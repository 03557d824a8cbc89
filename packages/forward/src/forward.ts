import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
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
import { asForwardFault, connectMs, nextAttemptAfter } from './dial.ts';
import { ForwardFault } from './forward-fault.ts';
import { passedTrailers } from './headers/trailers.ts';
import { forwardCounts } from './metrics.ts';
import type { Passing } from './passing.ts';
import { onceTaken } from './relay-takes.ts';

/** Of an answer: as large as those of requests may be. */
const maxHeaderSize = 64 * 1024;

/** Methods that may be sent twice when the first time met a connection that was just being closed. */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Passes a request on and its answer back, bodies and trailers as they come, neither faster than the slower side takes
 * it. Settles when the exchange is over, however it ended. Rejects with a `ForwardFault` only while the client has got
 * nothing, so that the caller can still answer.
 */
export function forward(request: IncomingRequest, response: OutgoingAnswer, passing: Passing): Promise<void> {
  return new Forwarding(request, response, passing).run();
}

class Forwarding {
  readonly #request: IncomingRequest;
  readonly #response: OutgoingAnswer;
  readonly #passing: Passing;
  readonly #done = Promise.withResolvers<void>();
  #sent: ClientRequest | undefined;
  #attempt = 0;
  #beganMs = 0;
  /** On the connection that it was sent by, for requests before it. */
  #movedBefore = 0;
  #isRepeated = false;
  #isContinued = false;
  #isOver = false;
  /** The guest has given all of its answer: there is nothing of it to break off. */
  #isWhole = false;

  constructor(request: IncomingRequest, response: OutgoingAnswer, passing: Passing) {
    this.#request = request;
    this.#response = response;
    this.#passing = passing;
  }

  async run(): Promise<void> {
    const response = this.#response;
    if (isGone(response)) return;
    const before = bytesMoved(this.#request);
    using _exchange = this.#passing.exchanges.add({
      bytes: () => bytesMoved(this.#request) - before,
      // A client's connection may be one of HTTP/2, which it shares with others; that to the next hop never is.
      moved: () => this.#movedBeyond(),
      reset: () => {
        this.#sent?.destroy();
        reset(response);
      },
    });
    // The client has all of it, or has gone away.
    response.once('close', () => this.#end());
    this.#beganMs = performance.now();
    this.#dial();
    await this.#done.promise;
  }

  #movedBeyond(): number {
    const socket = this.#sent?.socket;
    return socket == null ? 0 : socket.bytesRead + socket.bytesWritten - this.#movedBefore;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isWhole) this.#sent?.destroy();
    this.#done.resolve();
  }

  #dial(): void {
    const { destination, path, headers, body } = this.#passing;
    this.#attempt += 1;
    const send = destination.protocol === 'http:' ? httpRequest : httpsRequest;
    let sent: ClientRequest;
    try {
      sent = send({
        agent: destination.pool,
        host: destination.host,
        port: destination.port,
        method: this.#request.method ?? 'GET',
        path: `${destination.pathPrefix}${path}`,
        headers,
        maxHeaderSize,
      });
    } catch (thrown) {
      // Node refuses bytes in a path or header that its own parser lets in.
      this.#fail(new ForwardFault('unspeakable', thrown));
      return;
    }
    this.#sent = sent;
    sent.on('error', (fault) => this.#broken(sent, fault));
    sent.on('response', (answer) => this.#answer(sent, answer));
    sent.on('upgrade', (_answer, socket) => {
      // Nobody asked for another protocol.
      socket.destroy();
      this.#fail(new ForwardFault('unspeakable'));
    });
    sent.on('continue', () => this.#continue());
    if (body === 'none') sent.end();
    sent.on('socket', (socket) => {
      this.#movedBefore = socket.bytesRead + socket.bytesWritten;
      if (!socket.connecting) {
        if (body !== 'none') this.#sendBody(sent);
        return;
      }
      const beganMs = performance.now();
      const late = setTimeout(() => sent.destroy(new ForwardFault('unreachable')), connectMs);
      socket.once('close', () => clearTimeout(late));
      socket.once(destination.protocol === 'http:' ? 'connect' : 'secureConnect', () => {
        clearTimeout(late);
        forwardCounts.connected(destination.hop, beganMs);
        if (body !== 'none') this.#sendBody(sent);
      });
    });
  }

  /** Only once there is a connection: until then the request can be sent again, since nothing of it is gone. */
  #sendBody(sent: ClientRequest): void {
    // A client that waits for `100 Continue` sends nothing before the guest has said it.
    sent.flushHeaders();
    if (this.#passing.destination.hop === 'relay') onceTaken(sent, () => this.#pipeBody(sent));
    else this.#pipeBody(sent);
  }

  #pipeBody(sent: ClientRequest): void {
    const request = this.#request;
    request.pipe(sent, { end: false });
    request.once('end', () => {
      const trailers = passedTrailers(request.rawTrailers);
      try {
        if (trailers.length > 0) sent.addTrailers(trailers);
        sent.end();
      } catch (thrown) {
        // As in a head: HTTP/2 has letters that Node does not write over HTTP/1.1.
        sent.destroy(new ForwardFault('unspeakable', thrown));
      }
    });
  }

  /** Once, and to nobody who has not asked: it would be taken for the answer to the next request. */
  #continue(): void {
    const { headers, httpVersion } = this.#request;
    if (this.#isContinued || headers.expect === undefined || httpVersion === '1.0') return;
    this.#isContinued = true;
    if (!isGone(this.#response)) this.#response.writeContinue();
  }

  #broken(sent: ClientRequest, fault: unknown): void {
    // Once there is an answer, whether that is whole is all that counts.
    if (sent !== this.#sent || this.#isOver || this.#response.headersSent) return;
    const after = nextAttemptAfter(this.#attempt, fault, this.#passing.destination);
    if (after !== undefined) {
      forwardCounts.repeated(this.#passing.destination.hop, 'closed');
      setTimeout(() => {
        if (!this.#isOver) this.#dial();
      }, after);
      return;
    }
    if (this.#mayRepeat(sent)) {
      this.#isRepeated = true;
      forwardCounts.repeated(this.#passing.destination.hop, 'stale');
      this.#dial();
      return;
    }
    this.#fail(asForwardFault(fault, this.#passing.destination));
  }

  /** The guest closed an idle connection while the request was on its way; the others are closed as well by now. */
  #mayRepeat(sent: ClientRequest): boolean {
    return (
      sent.reusedSocket &&
      !this.#isRepeated &&
      this.#passing.body === 'none' &&
      repeatable.has(this.#request.method ?? '')
    );
  }

  #fail(fault: ForwardFault): void {
    this.#isOver = true;
    forwardCounts.failed(fault.hop, fault.kind);
    this.#done.reject(fault);
  }

  #answer(sent: ClientRequest, answer: IncomingMessage): void {
    const response = this.#response;
    const fault =
      answer.statusCode === 101 ? new ForwardFault('unspeakable') : this.#passing.faultIn?.(answer);
    if (fault !== undefined) {
      sent.destroy();
      this.#fail(fault);
      return;
    }
    const headers = this.#passing.answerHeaders(answer.rawHeaders);
    try {
      writeHead(response, answer.statusCode ?? 502, answer.statusMessage ?? '', headers);
    } catch (thrown) {
      sent.destroy();
      this.#fail(new ForwardFault('unspeakable', thrown));
      return;
    }
    forwardCounts.answered(this.#passing.destination.hop, answer.statusCode ?? 502, this.#beganMs);
    answer.pipe(response, { end: false });
    answer.once('end', () => {
      this.#isWhole = true;
      try {
        writeTrailers(response, answer.rawTrailers);
        response.end();
      } catch {
        // The status is sent: there is no other way left to say that the answer is not whole.
        reset(response);
      }
      if (!this.#request.complete) this.#leaveRest(sent);
    });
    answer.once('close', () => answer.complete || reset(response));
  }

  /** The guest has answered without having read all: its answer counts, and nobody wants the rest. */
  #leaveRest(sent: ClientRequest): void {
    this.#request.unpipe(sent);
    sent.destroy();
    this.#response.once('finish', () => dropRest(this.#request));
  }
}
