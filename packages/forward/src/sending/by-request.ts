import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { IncomingRequest, OutgoingAnswer } from '../client-side.ts';
import { connectMs, maxHeaderSize } from '../dial.ts';
import { ForwardFault } from '../forward-fault.ts';
import { passedTrailers } from '../headers/trailers.ts';
import { forwardCounts } from '../metrics.ts';
import type { Passing } from '../passing.ts';
import { onceTaken } from '../relay-takes.ts';
import type { Hearer, Sending } from './sending.ts';

/** Sends a request by `node:http`: whatever it is, with its body and trailers. */
export class ByRequest implements Sending {
  readonly #request: IncomingRequest;
  readonly #response: OutgoingAnswer;
  readonly #passing: Passing;
  readonly #hearer: Hearer;
  readonly #sent: ClientRequest;
  #isAbandoned = false;
  /** On its connection, by requests before it. */
  #movedBefore = 0;

  /** Throws for bytes in a path or header that Node's own parser lets in. */
  constructor(request: IncomingRequest, response: OutgoingAnswer, passing: Passing, hearer: Hearer) {
    this.#request = request;
    this.#response = response;
    this.#passing = passing;
    this.#hearer = hearer;
    const { destination, path, headers } = passing;
    const send = destination.protocol === 'http:' ? httpRequest : httpsRequest;
    this.#sent = send({
      agent: destination.pool,
      host: destination.host,
      port: destination.port,
      method: request.method ?? 'GET',
      path: `${destination.pathPrefix}${path}`,
      headers,
      maxHeaderSize,
    });
    this.#listen(this.#sent);
    if (passing.body === 'none') this.#sent.end();
  }

  get isReused(): boolean {
    return this.#sent.reusedSocket;
  }

  get moved(): number {
    const { socket } = this.#sent;
    return socket === null ? 0 : socket.bytesRead + socket.bytesWritten - this.#movedBefore;
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#sent.destroy();
  }

  #listen(sent: ClientRequest): void {
    const { destination, body } = this.#passing;
    let hasAnswer = false;
    sent.on('error', (fault) => {
      // Once there is an answer, whether that is whole is all that counts.
      if (!hasAnswer) this.#break(fault);
    });
    sent.on('response', (answer) => {
      hasAnswer = true;
      this.#answer(answer);
    });
    sent.on('upgrade', (_answer, socket) => {
      // Nobody asked for another protocol.
      hasAnswer = true;
      socket.destroy();
      this.#break(new ForwardFault('unspeakable'));
    });
    sent.on('continue', () => this.#isAbandoned || this.#hearer.continues());
    sent.on('socket', (socket) => {
      this.#movedBefore = socket.bytesRead + socket.bytesWritten;
      if (!socket.connecting) {
        if (body !== 'none') this.#sendBody();
        return;
      }
      const beganMs = performance.now();
      const late = setTimeout(() => sent.destroy(new ForwardFault('unreachable')), connectMs);
      socket.once('close', () => clearTimeout(late));
      socket.once(destination.protocol === 'http:' ? 'connect' : 'secureConnect', () => {
        clearTimeout(late);
        forwardCounts.connected(destination.hop, beganMs);
        if (body !== 'none') this.#sendBody();
      });
    });
  }

  #break(fault: unknown): void {
    if (!this.#isAbandoned) this.#hearer.breaks(this, fault);
  }

  /** Only once there is a connection: until then the request can be sent again, since nothing of it is gone. */
  #sendBody(): void {
    // A client that waits for `100 Continue` sends nothing before the guest has said it.
    this.#sent.flushHeaders();
    if (this.#passing.destination.hop === 'relay') onceTaken(this.#sent, () => this.#pipeBody());
    else this.#pipeBody();
  }

  #pipeBody(): void {
    const [request, sent] = [this.#request, this.#sent];
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

  #answer(answer: IncomingMessage): void {
    const { statusCode: status = 502, statusMessage: message = '', rawHeaders } = answer;
    if (!this.#hearer.begins(this, { status, message, rawHeaders })) return;
    answer.pipe(this.#response, { end: false });
    answer.once('end', () => {
      this.#hearer.ends(answer.rawTrailers);
      if (!this.#request.complete) this.#leaveRest();
    });
    answer.once('close', () => answer.complete || this.#break(new ForwardFault('broken')));
  }

  /** The guest has answered without having read all: its answer counts, and nobody wants the rest. */
  #leaveRest(): void {
    this.#request.unpipe(this.#sent);
    this.#sent.destroy();
  }
}
