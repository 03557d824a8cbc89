import { createHash } from 'node:crypto';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { resetSocket } from './client-side.ts';
import { asForwardFault, connectMs, nextAttemptAfter } from './dial.ts';
import { ForwardFault } from './forward-fault.ts';
import type { Passing } from './passing.ts';

/** A peer that vanished without a word is noticed by the kernel, not by a limit that quiet sockets would meet. */
const keepAliveMs = 30_000;

/** What a client offers in its upgrade. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** Bytes that came behind the request. */
  readonly head: Buffer;
}

/**
 * Passes on a request to become another protocol. Once the guest has agreed (`101`, with the right answer to a
 * WebSocket's key) the two connections are one; a guest that refuses has its refusal passed back. Settles when it is
 * over; rejects with a `ForwardFault` while the client has got nothing.
 */
export async function tunnel({ request, socket, head }: Upgrade, passing: Passing): Promise<void> {
  if (socket.destroyed) return;
  let sent: ClientRequest | undefined;
  let isOver = false;
  let isJoined = false;
  using _exchange = passing.exchanges.add({
    bytes: () => (socket instanceof Socket ? socket.bytesRead + socket.bytesWritten : 0),
    reset: () => {
      sent?.destroy();
      resetSocket(socket);
    },
  });
  const done = Promise.withResolvers<void>();
  const end = () => {
    isOver = true;
    sent?.destroy();
    done.resolve();
  };
  socket.once('close', end);
  socket.on('error', end);
  const attempt = (count: number) => {
    sent = dial(request, passing);
    sent.on('upgrade', (answer, guest, first) => {
      const fault = wrongAnswer(request, answer);
      if (fault !== undefined) {
        guest.destroy();
        done.reject(fault);
        return;
      }
      isJoined = true;
      socket.write(headText(answer, passing.answerHeaders(answer.rawHeaders), 'Upgrade'), 'latin1');
      join(socket, head, guest, first);
    });
    sent.on('response', (answer) => {
      const fault = passing.faultIn?.(answer);
      if (fault === undefined) passRefusal(answer, socket, passing);
      else {
        sent?.destroy();
        done.reject(fault);
      }
    });
    sent.on('error', (fault) => {
      // Once the two are one, their own ends say how it went.
      if (isOver || isJoined) return;
      const after = nextAttemptAfter(count, fault);
      if (after === undefined) done.reject(asForwardFault(fault, passing.destination));
      else setTimeout(() => isOver || attempt(count + 1), after);
    });
    sent.end();
  };
  attempt(1);
  await done.promise;
}

function dial(request: IncomingMessage, { destination, path, headers }: Passing): ClientRequest {
  const send = destination.protocol === 'http:' ? httpRequest : httpsRequest;
  const sent = send({
    agent: destination.dialer,
    host: destination.host,
    port: destination.port,
    method: request.method ?? 'GET',
    path: `${destination.pathPrefix}${path}`,
    headers,
  });
  const late = setTimeout(() => sent.destroy(new ForwardFault('unreachable')), connectMs);
  const clear = () => clearTimeout(late);
  sent.once('close', clear);
  sent.once('socket', (guest) =>
    guest.once(destination.protocol === 'http:' ? 'connect' : 'secureConnect', clear),
  );
  return sent;
}

const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Who answers with the right key has read this handshake: no `101` that something else was led to say is a tunnel. */
function wrongAnswer(request: IncomingMessage, answer: IncomingMessage): ForwardFault | undefined {
  const key = request.headers['sec-websocket-key'];
  if (key === undefined || request.headers.upgrade?.toLowerCase() !== 'websocket') return undefined;
  const expected = createHash('sha1').update(`${key}${webSocketGuid}`).digest('base64');
  return answer.headers['sec-websocket-accept'] === expected ? undefined : new ForwardFault('unspeakable');
}

function join(client: Duplex, clientHead: Buffer, guest: Duplex, guestHead: Buffer): void {
  for (const each of [client, guest]) {
    if (!(each instanceof Socket)) continue;
    each.setTimeout(0);
    each.setNoDelay(true);
    each.setKeepAlive(true, keepAliveMs);
  }
  if (guestHead.length > 0) client.write(guestHead);
  if (clientHead.length > 0) guest.write(clientHead);
  // Either may end its own direction and still listen; one that breaks takes the other with it.
  client.pipe(guest);
  guest.pipe(client);
  guest.on('error', () => resetSocket(client));
  guest.once('close', () => client.end());
  client.once('close', () => guest.destroy());
}

/** The guest said something else than `101`: an ordinary answer, which ends the connection. */
function passRefusal(answer: IncomingMessage, socket: Duplex, { answerHeaders }: Passing): void {
  socket.write(headText(answer, answerHeaders(answer.rawHeaders), 'close'), 'latin1');
  answer.pipe(socket);
  answer.once('close', () => answer.complete || resetSocket(socket));
}

function headText(answer: IncomingMessage, headers: readonly string[], connection: string): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  }
  lines.push(`Connection: ${connection}`);
  if (answer.statusCode === 101) lines.push(`Upgrade: ${answer.headers.upgrade ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
