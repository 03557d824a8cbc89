import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { deadline } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MetadataService } from '../metadata-service/metadata-service.ts';
import { run } from '../process/run.ts';
import { DnsForwarder } from './dns-forwarder.ts';
import { guest, type Slot } from './slot.ts';
import { SlotPool } from './slot-pool.ts';
import { expectAsBefore, type HostPicture, hostPicture, sweepRange } from './testing/host-picture.ts';
import { evaluateIn, StandInGuest } from './testing/stand-in-guest.ts';

const log = createLogger('test', 'silent');
const signal = new AbortController().signal;
const range = { first: 30_200, count: 4 };
/** Debian's mirror: what a guest needs to be able to reach when the host can. */
const mirror = 'deb.debian.org';

/** Reserved for documentation: nobody is there, but it is not private either. */
const publicAddress = '198.51.100.1';

/** Sends one datagram, and ends. */
function datagramScript(to: string, from = '0.0.0.0'): string {
  return `const socket = require('dgram').createSocket('udp4');
socket.bind(0, '${from}', () => socket.send('x', 9, '${to}', () => socket.close()));`;
}

/** Says `open`, `refused` or `unreachable` for a TCP connection; dropped packets are `silent` after a while. */
function connectScript(host: string, port: number, silentAfterMs = 1_000): string {
  const options = JSON.stringify({ host, port });
  return `const socket = require('net').connect(${options});
const say = (word) => { console.log(word); process.exit(0); };
socket.on('connect', () => say('open ' + socket.localAddress));
socket.on('error', (fault) => say(fault.code));
setTimeout(() => say('silent'), ${silentAfterMs});`;
}

let before: HostPicture;
let pool: SlotPool;
let slots: [Slot, Slot];
let guests: [StandInGuest, StandInGuest];
let forwarder: DnsForwarder;
let metadata: MetadataService;
let hostService: Server;
let hostPort: number;

beforeAll(async () => {
  await sweepRange(range);
  before = await hostPicture(range);
  pool = await SlotPool.open({ range, ready: 0, log, signal });
  forwarder = await DnsForwarder.open({ address: pool.serviceAddress, log });
  metadata = await MetadataService.open({ address: pool.serviceAddress, log });
  slots = [await pool.acquire(signal), await pool.acquire(signal)];
  guests = [await StandInGuest.attach(slots[0]), await StandInGuest.attach(slots[1])];
  hostService = createServer((socket) => socket.end('host')).listen(0, '0.0.0.0');
  await once(hostService, 'listening');
  hostPort = (hostService.address() as AddressInfo).port;
});

afterAll(async () => {
  hostService.close();
  for (const each of guests) await each[Symbol.asyncDispose]();
  for (const slot of slots) await pool.release(slot);
  await metadata.close();
  await forwarder.close();
  await pool.close();
  await expectAsBefore(before, range);
});

/** The mirror's address when this machine can connect to it. */
async function reachableMirror(): Promise<string | undefined> {
  try {
    const { address } = await lookup(mirror, 4);
    const { stdout } = await run([process.execPath, '-e', connectScript(address, 80, 10_000)], {
      signal,
      timeoutMs: 20_000,
    });
    return stdout.startsWith('open') ? address : undefined;
  } catch {
    return undefined;
  }
}

/** A server in the guest that answers each connection with the address it came from; runs until the first one. */
async function echoOnce(which: StandInGuest, port: number): Promise<string> {
  return await which.evaluate(`require('net').createServer((socket) => {
  socket.end(socket.remoteAddress, () => process.exit(0));
}).listen(${port}, '0.0.0.0');`);
}

async function askFromHost(host: string, port: number): Promise<string> {
  using limit = deadline(20_000, 'asking the guest', signal);
  for (;;) {
    limit.throwIfAborted();
    const answer = await fetchText(host, port);
    if (answer !== undefined) return answer;
  }
}

/** What a server says before it closes; undefined while nobody listens. */
async function fetchText(host: string, port: number): Promise<string | undefined> {
  const script = `const socket = require('net').connect(${JSON.stringify({ host, port })});
socket.setEncoding('utf8').on('data', (text) => process.stdout.write(text)).on('error', () => process.exit(0));`;
  const { stdout } = await run([process.execPath, '-e', script], { signal, timeoutMs: 20_000 });
  return stdout === '' ? undefined : stdout;
}

function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => entry.family === 'IPv4' && !entry.internal)
    .map((entry) => entry.address);
}

describe('the host', () => {
  it("reaches a guest at its slot's address, and seems to it to be the gateway", async () => {
    for (const [index, slot] of slots.entries()) {
      const server = echoOnce(guests[index as 0 | 1], 49_983);
      expect(await askFromHost(slot.hostAddress, 49_983)).toBe(guest.gateway);
      await server;
    }
  });
});

describe('a guest', () => {
  it("does not reach another guest, at neither of its slot's addresses", async () => {
    const server = echoOnce(guests[1], 8_080);
    expect(await guests[0].evaluate(connectScript(slots[1].hostAddress, 8_080))).toBe('silent');
    expect(await guests[0].evaluate(connectScript(slots[1].peerAddress, 8_080))).toBe('silent');
    // It was there all the time.
    await askFromHost(slots[1].hostAddress, 8_080);
    await server;
  });

  it('does not reach the host, at none of its addresses', async () => {
    const addresses = [...hostAddresses(), slots[0].vethAddress, pool.serviceAddress];
    expect(addresses.length).toBeGreaterThan(2);
    const answers = await Promise.all(
      [...addresses, guest.gateway].map((address) => guests[0].evaluate(connectScript(address, hostPort))),
    );
    expect(answers.filter((answer) => answer !== 'silent')).toEqual([]);
  });

  it('does not reach the host from inside the namespace of its slot either, where a broken VMM would be', async () => {
    const addresses = [...hostAddresses(), slots[0].vethAddress, slots[1].hostAddress];
    const answers = await Promise.all(
      addresses.map((address) => evaluateIn(slots[0].namespace, connectScript(address, hostPort))),
    );
    expect(answers.filter((answer) => answer !== 'silent')).toEqual([]);
  });

  it('sends to other addresses what it likes', async (context) => {
    const { stdout } = await run(['ip', 'route', 'show', 'default'], { signal, timeoutMs: 20_000 });
    if (stdout === '') context.skip('this machine has no default route');
    expect(await countLeaving(publicAddress, () => guests[0].evaluate(datagramScript(publicAddress)))).toBe(
      1,
    );
  });

  it.each(['10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254', '224.0.0.1'])(
    'does not send anything to %s',
    async (address) => {
      // The host would send it on to its own gateway: what gets so far is counted where it would leave.
      expect(await countLeaving(address, () => guests[0].evaluate(datagramScript(address)))).toBe(0);
    },
  );

  it('does not send from an address that is not its own', async () => {
    await guests[0].takeAddress('192.0.2.77');
    const script = datagramScript(publicAddress, '192.0.2.77');
    expect(await countLeaving(publicAddress, () => guests[0].evaluate(script))).toBe(0);
  });

  it('reaches the internet', async (context) => {
    let answer = '';
    // The host is asked each time, as it may lose its own way for a while.
    for (let time = 0; time < 3 && !answer.startsWith('open'); time++) {
      const address = await reachableMirror();
      if (address === undefined) return context.skip(`this machine does not reach ${mirror}`);
      answer = await guests[0].evaluate(connectScript(address, 80, 10_000));
    }
    expect(answer).toBe(`open ${guest.address}`);
  });

  it.each(['udp', 'tcp'])('gets answers to DNS queries from its gateway by %s', async (transport) => {
    // Whether or not this machine has a resolver: an error from the forwarder is an answer too.
    expect(await guests[0].evaluate(queryScript(transport))).toMatch(/^answer [0-9a-f]+$/);
  });

  it('is told at 169.254.169.254 who it is itself, and not who another is', async () => {
    for (const [index, slot] of slots.entries()) {
      metadata.publish(slot, { instanceID: `cl-${index}`, envID: 'template', accessTokenHash: '' });
    }
    expect(await Promise.all(guests.map((each) => each.evaluate(metadataScript())))).toEqual([
      'cl-0',
      'cl-1',
    ]);
    metadata.withdraw(slots[1]);
    expect(await guests[1].evaluate(metadataScript())).toMatch(/^Resource not found/);
  });

  it('gets no more than its share of the metadata service', async () => {
    const script = `let answers = 0;
for (let each = 0; each < 200; each++) {
  const socket = require('net').connect(80, '169.254.169.254', () => { answers += 1; socket.destroy(); });
  socket.on('error', () => undefined);
}
setTimeout(() => { console.log(answers); process.exit(0); }, 500);`;
    expect(Number(await guests[0].evaluate(script))).toBeLessThan(100);
  });

  it('resolves the names that the host resolves', async (context) => {
    const script = `const resolver = new (require('dns').promises.Resolver)();
resolver.setServers(['${guest.gateway}']);
resolver.resolve4('${mirror}').then((found) => console.log(found.join()), (fault) => console.log(fault.code));`;
    const addresses = /^[\d.,]+$/;
    let answer = '';
    for (let time = 0; time < 3 && !addresses.test(answer); time++) {
      const known = await lookup(mirror, 4).catch(() => undefined);
      if (known === undefined) return context.skip(`this machine does not resolve ${mirror}`);
      answer = await guests[0].evaluate(script);
    }
    expect(answer).toMatch(addresses);
  });
});

/** Reads the guest's own ID as its daemon does; prints it. */
function metadataScript(): string {
  return `const base = 'http://169.254.169.254';
const ttl = { 'x-metadata-token-ttl-seconds': '60' };
fetch(base + '/latest/api/token', { method: 'PUT', headers: ttl })
  .then(async (answer) => ({ 'x-metadata-token': await answer.text() }))
  .then((headers) => fetch(base + '/instanceID', { headers }))
  .then(async (answer) => console.log(await answer.text()), (fault) => console.log(fault.cause.code));`;
}

/** Asks the gateway for an address; prints the answer. */
function queryScript(transport: string): string {
  return `const query = Buffer.from('abcd010000010000000000000161076578616d706c650000010001', 'hex');
const say = (text) => { console.log(text); process.exit(0); };
if (${transport === 'udp'}) {
  const socket = require('dgram').createSocket('udp4').on('message', (answer) => say('answer ' + answer.toString('hex')));
  socket.send(query, 53, '${guest.gateway}');
} else {
  const socket = require('net').connect(53, '${guest.gateway}');
  socket.on('error', (fault) => say(fault.code)).on('data', (answer) => say('answer ' + answer.toString('hex')));
  socket.write(Buffer.concat([Buffer.from([0, query.length]), query]));
}
setTimeout(() => say('silent'), 8000);`;
}

/** How many packets to `address` would leave the host while `work` runs. */
async function countLeaving(address: string, work: () => Promise<unknown>): Promise<number> {
  const bounds = { signal, timeoutMs: 20_000 };
  const table = 'wrenn_30200_count';
  const rules = `table ip ${table} {
  counter leaving { }
  chain post { type filter hook postrouting priority -500; ip daddr ${address} iifgroup != 0 counter name leaving; }
}
`;
  await run(['nft', '-f', '-'], { ...bounds, input: rules });
  try {
    await work();
    const { stdout } = await run(['nft', 'list', 'counter', 'ip', table, 'leaving'], bounds);
    return Number(/packets (\d+)/.exec(stdout)?.[1]);
  } finally {
    await run(['nft', 'delete', 'table', 'ip', table], bounds);
  }
}
