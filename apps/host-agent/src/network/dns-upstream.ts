import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6 } from 'node:net';
import { abortable, WrennError } from '@wrenn/core';
import { framed, readFrames } from './dns-frames.ts';
import { type DnsQuestion, isAnswerTo, messageId, withId } from './dns-message.ts';

export type Transport = 'udp' | 'tcp';

/** A resolver that answers on this port; `port` differs from 53 only in tests. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/**
 * Asks one resolver. An answer counts only when it comes from that resolver, to a port of this query alone, with its
 * random ID and its question: what somebody else would have to guess. Returns it with the client's ID.
 * Throws when there is none before `signal` aborts.
 */
export async function askUpstream(
  transport: Transport,
  upstream: Upstream,
  query: Buffer,
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<Buffer> {
  const id = randomInt(0x1_0000);
  const ask = transport === 'udp' ? askByUdp : askByTcp;
  const answer = await ask(
    upstream,
    withId(query, id),
    (message) => isAnswerTo(message, id, question),
    signal,
  );
  return withId(answer, messageId(query));
}

type IsAnswer = (message: Buffer) => boolean;

async function askByUdp(
  upstream: Upstream,
  query: Buffer,
  isAnswer: IsAnswer,
  signal: AbortSignal,
): Promise<Buffer> {
  signal.throwIfAborted();
  const socket = createSocket(isIPv6(upstream.address) ? 'udp6' : 'udp4');
  const answered = Promise.withResolvers<Buffer>();
  socket.on('error', (cause) => answered.reject(cause));
  socket.on('connect', () => socket.send(query));
  socket.on('message', (message) => {
    if (isAnswer(message)) answered.resolve(message);
  });
  // A connected socket takes packets of that one address only, and hears at once that nobody listens there.
  socket.connect(upstream.port, upstream.address);
  try {
    return await abortable(answered.promise, signal);
  } finally {
    socket.close();
  }
}

async function askByTcp(
  upstream: Upstream,
  query: Buffer,
  isAnswer: IsAnswer,
  signal: AbortSignal,
): Promise<Buffer> {
  const socket = connect({ host: upstream.address, port: upstream.port });
  // Faults also end the reading below; without a listener the first would end the process.
  socket.on('error', () => undefined);
  const stop = () => socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    await once(socket, 'connect');
    socket.write(framed(query));
    for await (const message of readFrames(socket)) {
      if (isAnswer(message)) return message;
    }
    throw new WrennError('host_unavailable', `${upstream.address} closed the connection without an answer`);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}
