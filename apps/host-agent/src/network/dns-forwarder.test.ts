import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, createServer, type Socket as TcpSocket } from 'node:net';
import { createLogger } from '@wrenn/service';
import { afterEach, describe, expect, it } from 'vitest';
import { DnsForwarder } from './dns-forwarder.ts';
import { framed, readFrames } from './dns-frames.ts';
import { errorResponse } from './dns-message.ts';
import type { Upstream } from './dns-upstream.ts';

const log = createLogger('test', 'silent');
const address = '127.0.0.1';
const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A resolver on this machine that reacts to each query as told. */
async function resolver(react: (query: Buffer, from: RemoteInfo, socket: Socket) => void): Promise<Upstream> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => react(query, from, socket));
  socket.bind(0, address);
  await once(socket, 'listening');
  opened.push(() => void socket.close());
  return { address, port: socket.address().port };
}

async function forwarderTo(...upstreams: Upstream[]): Promise<DnsForwarder> {
  const forwarder = await DnsForwarder.open({ address, port: 0, log, upstreams: async () => upstreams });
  opened.push(() => forwarder.close());
  return forwarder;
}

/** The query's answer with one A record. */
function answered(query: Buffer, record: readonly [number, number, number, number]): Buffer {
  const head = errorResponse(query, 'server-failure');
  head.writeUInt8(0x80, 3);
  head.writeUInt16BE(1, 6);
  return Buffer.concat([head, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...record])]);
}

function clientOf(forwarder: DnsForwarder): Resolver {
  const client = new Resolver({ timeout: 10_000, tries: 1 });
  client.setServers([`${address}:${forwarder.port}`]);
  return client;
}

const queryA = Buffer.from('abcd010000010000000000000161076578616d706c650000010001', 'hex');

describe('DnsForwarder', () => {
  it('passes the question on and the answer back', async () => {
    const upstream = await resolver((query, from, socket) =>
      socket.send(answered(query, [192, 0, 2, 7]), from.port, from.address),
    );
    const client = clientOf(await forwarderTo(upstream));
    expect(await client.resolve4('a.example')).toEqual(['192.0.2.7']);
  });

  it('asks under an ID and from a port of its own for each query', async () => {
    const seen: { id: number; port: number }[] = [];
    const upstream = await resolver((query, from, socket) => {
      seen.push({ id: query.readUInt16BE(0), port: from.port });
      socket.send(answered(query, [192, 0, 2, 7]), from.port, from.address);
    });
    const forwarder = await forwarderTo(upstream);
    const client = createSocket('udp4');
    opened.push(() => void client.close());
    for (let count = 0; count < 8; count += 1) {
      client.send(queryA, forwarder.port, address);
      const [answer]: [Buffer] = (await once(client, 'message')) as [Buffer];
      expect(answer.readUInt16BE(0)).toBe(0xabcd);
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBeGreaterThan(4);
    expect(new Set(seen.map(({ port }) => port)).size).toBeGreaterThan(4);
  });

  it('waits for the true answer when others come first', async () => {
    const upstream = await resolver((query, from, socket) => {
      const truth = answered(query, [192, 0, 2, 7]);
      const wrongId = Buffer.from(truth);
      wrongId.writeUInt16BE(query.readUInt16BE(0) ^ 1, 0);
      const wrongName = Buffer.from(truth);
      wrongName.write('b', 13);
      for (const message of [wrongId, wrongName, query, Buffer.alloc(3), truth]) {
        socket.send(message, from.port, from.address);
      }
    });
    expect(await clientOf(await forwarderTo(upstream)).resolve4('a.example')).toEqual(['192.0.2.7']);
  });

  it('asks the next resolver when nobody listens at the first', async () => {
    const closed = await resolver(() => undefined);
    await opened.pop()?.();
    const upstream = await resolver((query, from, socket) =>
      socket.send(answered(query, [192, 0, 2, 8]), from.port, from.address),
    );
    expect(await clientOf(await forwarderTo(closed, upstream)).resolve4('a.example')).toEqual(['192.0.2.8']);
  });

  it('says SERVFAIL when there is no resolver, or none answers', { timeout: 20_000 }, async () => {
    await expect(clientOf(await forwarderTo()).resolve4('a.example')).rejects.toMatchObject({
      code: 'ESERVFAIL',
    });
    const silent = await resolver(() => undefined);
    await expect(clientOf(await forwarderTo(silent)).resolve4('a.example')).rejects.toMatchObject({
      code: 'ESERVFAIL',
    });
  });

  it('answers what it does not understand with an error, and an answer with nothing', async () => {
    const client = createSocket('udp4');
    opened.push(() => void client.close());
    const forwarder = await forwarderTo();
    const answer = Buffer.from(queryA);
    answer.writeUInt8(0x81, 2);
    client.send(answer, forwarder.port, address);
    const twoQuestions = Buffer.from(queryA);
    twoQuestions.writeUInt16BE(2, 4);
    client.send(twoQuestions, forwarder.port, address);
    const [response]: [Buffer] = (await once(client, 'message')) as [Buffer];
    expect(response.readUInt8(3) & 0x0f).toBe(1);
  });

  it('bounds the queries that one client has on their way', async () => {
    let asked = 0;
    const upstream = await resolver(() => {
      asked += 1;
    });
    const forwarder = await forwarderTo(upstream);
    const client = createSocket('udp4');
    opened.push(() => void client.close());
    const refused = once(client, 'message');
    for (let count = 0; count < 65; count += 1) client.send(queryA, forwarder.port, address);
    const [response]: [Buffer] = (await refused) as [Buffer];
    expect(response.readUInt8(3) & 0x0f).toBe(2);
    expect(asked).toBeLessThanOrEqual(64);
  });

  it('serves TCP by TCP, several queries on one connection', async () => {
    const server = createServer((socket: TcpSocket) => {
      socket.on('error', () => undefined);
      void (async () => {
        for await (const query of readFrames(socket)) socket.write(framed(answered(query, [192, 0, 2, 9])));
      })();
    });
    server.listen(0, address);
    await once(server, 'listening');
    opened.push(() => void server.close());
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    const forwarder = await forwarderTo({ address, port: bound.port });

    const socket = connect(forwarder.port, address);
    opened.push(() => void socket.destroy());
    socket.write(Buffer.concat([framed(queryA), framed(queryA)]));
    const answers: Buffer[] = [];
    for await (const message of readFrames(socket)) {
      answers.push(message);
      if (answers.length === 2) break;
    }
    expect(answers.map((message) => message.subarray(-4).join('.'))).toEqual(['192.0.2.9', '192.0.2.9']);
    expect(answers[0]?.readUInt16BE(0)).toBe(0xabcd);
  });

  it('says who has the port when it is taken', async () => {
    const taken = await forwarderTo();
    await expect(DnsForwarder.open({ address, port: taken.port, log })).rejects.toMatchObject({
      code: 'missing_prerequisite',
    });
  });
});
