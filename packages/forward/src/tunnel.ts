import { createHash } from 'node:crypto';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { resetSocket } from './client-side.ts';
import { asForwardFault, connectMs, keepAliveMs, nextAttemptAfter } from './dial.ts';
import { ForwardFault } from './forward-fault.ts';
import { forwardCounts } from './metrics.ts';
import type { Passing } from './passing.ts';

/**
 * A guest that has not said by then whether it agrees never will: an open handshake would be held for nobody. It is a
 * minute since an application that answers a hundred others first, on an emulated processor, took more than ten seconds.
 */
const usualAgreeMs = 60_000;
/** A relay waits itself, for a capsule that stands still and then for the guest, and says which of them it was. */
const relayedAgreeMs = 120_000;

/** What a client offers in its upgrade. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** Bytes that came behind the request. */
  readonly head: Buffer;
  /** How long a port may take to agree, in milliseconds; a minute when it is not said. */
  readonly agreeMs?: number | undefined;
}

/**
 * Passes on a request to become another protocol. Once the guest has agreed (`101`, with the right answer to a
 * WebSocket's key) the two connections are one; a guest that refuses has its refusal passed back. Settles when it is
 * over; rejects with a `ForwardFault` while the client has got nothing.
 */
export async function tunnel(upgrade: Upgrade, passing: Passing): Promise<void> {
  const { request, socket, head } = upgrade;
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
  const { hop } = passing.destination;
  const beganMs = performance.now();
  const fail = (fault: ForwardFault) => {
    forwardCounts.failed(fault.hop, fault.kind);
    done.reject(fault);
  };
  const end = () => {
    isOver = true;
    sent?.destroy();
    done.resolve();
  };
  socket.once('close', end);
  socket.on('error', end);
  // Who ends its side before there is an agreement has gone away: its other side alone would never be closed.
  const leave = () => socket.destroy();
  socket.once('end', leave);
  const attempt = (count: number) => {
    sent = dial(upgrade, passing);
    sent.on('upgrade', (answer, guest, first) => {
      socket.off('end', leave);
      if (!hasReadKey(request, answer)) {
        guest.destroy();
        fail(new ForwardFault('unspeakable'));
        return;
      }
      isJoined = true;
      forwardCounts.answered(hop, 101, beganMs);
      socket.write(agreement(answer, passing), 'latin1');
      join(socket, head, guest, first);
    });
    sent.on('response', (answer) => {
      socket.off('end', leave);
      const fault =
        answer.statusCode === 101 ? new ForwardFault('unspeakable') : passing.faultIn?.(answer.rawHeaders);
      if (fault === undefined) {
        forwardCounts.answered(hop, answer.statusCode ?? 502, beganMs);
        passRefusal(answer, socket, passing);
      } else {
        sent?.destroy();
        fail(fault);
      }
    });
    sent.on('error', (fault) => {
      // Once the two are one, their own ends say how it went.
      if (isOver || isJoined) return;
      const after = nextAttemptAfter(count, fault, passing.destination);
      if (after === undefined) fail(asForwardFault(fault, passing.destination));
      else {
        forwardCounts.repeated(hop, 'closed');
        setTimeout(() => isOver || attempt(count + 1), after);
      }
    });
    sent.end();
  };
  attempt(1);
  await done.promise;
}

function dial(
  { request, agreeMs = usualAgreeMs }: Upgrade,
  { destination, path, headers }: Passing,
): ClientRequest {
  const send = destination.protocol === 'http:' ? httpRequest : httpsRequest;
  const sent = send({
    agent: destination.dialer,
    host: destination.host,
    port: destination.port,
    method: request.method ?? 'GET',
    path: `${destination.pathPrefix}${path}`,
    headers,
  });
  const giveUp = () => sent.destroy(new ForwardFault('unreachable'));
  let late = setTimeout(giveUp, connectMs);
  const clear = () => clearTimeout(late);
  for (const event of ['upgrade', 'response', 'close']) sent.once(event, clear);
  const beganMs = performance.now();
  sent.once('socket', (guest) =>
    guest.once(destination.protocol === 'http:' ? 'connect' : 'secureConnect', () => {
      clear();
      forwardCounts.connected(destination.hop, beganMs);
      late = setTimeout(giveUp, destination.hop === 'relay' ? relayedAgreeMs : agreeMs);
    }),
  );
  return sent;
}

const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Who answers with the right key has read this handshake: no `101` that something else was led to say is a tunnel. */
function hasReadKey({ headers }: IncomingMessage, answer: IncomingMessage): boolean {
  const key = headers['sec-websocket-key'];
  const protocols = `${headers.upgrade},${answer.headers.upgrade}`;
  if (key === undefined || !/\bwebsocket\b/i.test(protocols)) return true;
  const expected = createHash('sha1').update(`${key}${webSocketGuid}`).digest('base64');
  return answer.headers['sec-websocket-accept'] === expected;
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
  socket.write(headText(answer, [...answerHeaders(answer.rawHeaders), 'Connection', 'close']), 'latin1');
  answer.pipe(socket);
  answer.once('close', () => answer.complete || resetSocket(socket));
}

function agreement(answer: IncomingMessage, { answerHeaders, subprotocol }: Passing): string {
  const headers = answerHeaders(answer.rawHeaders);
  if (subprotocol !== undefined && answer.headers['sec-websocket-protocol'] === undefined)
    headers.push('Sec-WebSocket-Protocol', subprotocol);
  return headText(answer, [...headers, 'Connection', 'Upgrade', 'Upgrade', answer.headers.upgrade ?? '']);
}

function headText(answer: IncomingMessage, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
