import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { abortable, deadline, until } from '@wrenn/core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startEnvd } from '../testing/envd-under-test.ts';
import type { Order } from '../testing/forwarding-host.ts';
import { parseSocketTable } from './listening-sockets.ts';

const address = '169.254.0.21';
const here = '127.0.0.1';
const program = fileURLToPath(new URL('../testing/forwarding-host.ts', import.meta.url));
/** The words that start a program in a network namespace of its own, as a capsule's looks. */
const inNamespace = [
  ...['unshare', '--net', 'sh', '-c'],
  `ip link set lo up; ip address add ${address}/32 dev lo; echo 1 >/proc/sys/net/ipv4/tcp_migrate_req; exec "$@"`,
  'sh',
];
/** The same on a kernel that cannot pass connections on. */
const withoutMigration = inNamespace.map((word) => word.replace('echo 1', 'echo 0'));

const forwardingOrders: readonly string[] = ['start', 'stop', 'stop-while-starting', 'sleep', 'wake'];

let host: ForwardingHost;
beforeAll(async () => {
  host = await ForwardingHost.start(['socat']);
});
afterEach(async () => {
  expect(await host.obey({ kind: 'stop' })).toBe('');
  await host.obey({ kind: 'clear' });
});
afterAll(() => host[Symbol.asyncDispose]());

/** A namespace with two processes: one forwards, the other listens and connects. */
class ForwardingHost implements AsyncDisposable {
  readonly #forwarding: ChildProcess;
  readonly #peer: ChildProcess;

  static async start(
    socat: readonly string[],
    namespace: readonly string[] = inNamespace,
  ): Promise<ForwardingHost> {
    const forwarding = startProgram(namespace, socat);
    await answerOf(forwarding, 'its start');
    const peer = startProgram(['nsenter', `--net=/proc/${forwarding.pid}/ns/net`], socat);
    await answerOf(peer, 'its start');
    return new ForwardingHost(forwarding, peer);
  }

  private constructor(forwarding: ChildProcess, peer: ChildProcess) {
    this.#forwarding = forwarding;
    this.#peer = peer;
  }

  get pid(): number {
    return this.#forwarding.pid ?? 0;
  }

  async obey(order: Order): Promise<string> {
    const isForForwarding = forwardingOrders.includes(order.kind);
    const child = isForForwarding ? this.#forwarding : this.#peer;
    const answer = answerOf(child, JSON.stringify(order));
    child.send(order);
    return await answer;
  }

  async listen(at: string, port: number, says: string): Promise<void> {
    expect(await this.obey({ kind: 'listen', host: at, port, says })).toBe('');
  }

  /** Until what is asked at the machine's own address answers so. */
  async answers(port: number, answer: string): Promise<void> {
    using limit = deadline(20_000, `waiting for ${answer} of port ${port}`);
    const ask = () => this.obey({ kind: 'ask', host: address, port });
    await until(async () => ((await ask()) === answer ? true : undefined), 10, limit);
  }

  /** The processes in its namespace besides itself. */
  forwarders(): number[] {
    const namespaceOf = (pid: number) => linkOf(`/proc/${pid}/ns/net`);
    const own = namespaceOf(this.pid);
    const all = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
    const ours = [this.pid, this.#peer.pid];
    return all.filter((pid) => !ours.includes(pid) && namespaceOf(pid) === own);
  }

  /** What listens at the machine's own address. */
  openPorts(): number[] {
    const sockets = parseSocketTable(readFileSync(`/proc/${this.pid}/net/tcp`, 'latin1'));
    return sockets.filter((socket) => socket.address === address).map(({ port }) => port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#forwarding, this.#peer]) {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    }
  }
}

function startProgram(before: readonly string[], socat: readonly string[]): ChildProcess {
  const [first = '', ...args] = [...before, process.execPath, program, address, ...socat];
  return spawn(first, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function answerOf(child: ChildProcess, what: string): Promise<string> {
  using limit = deadline(20_000, `waiting for ${what}`);
  const [answer] = await abortable(once(child, 'message'), limit);
  return String(answer);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // The process has ended meanwhile.
    return '';
  }
}

async function eventually(condition: () => boolean, what: string): Promise<void> {
  using limit = deadline(20_000, what);
  await until(() => (condition() ? true : undefined), 10, limit);
}

test.each([
  ['127.0.0.1', 8000],
  ['127.0.0.2', 8001],
  ['::1', 8002],
  ['::ffff:127.0.0.1', 8003],
])('what listens at %s is reached at the own address', async (at, port) => {
  await host.obey({ kind: 'start' });
  await host.listen(at, port, 'hello');
  await host.answers(port, 'hello');
});

test('a port that is opened while nothing is looked for is reached from the start on', async () => {
  await host.listen(here, 8000, 'hello');
  expect(await host.obey({ kind: 'ask', host: address, port: 8000 })).toBe('ECONNREFUSED');
  await host.obey({ kind: 'start' });
  await host.answers(8000, 'hello');
});

test('what listens at every address, or at the own one, is left alone', async () => {
  await host.listen('0.0.0.0', 8000, 'all');
  await host.listen('::', 8001, 'all of both');
  await host.listen(address, 8002, 'own');
  await host.listen(here, 8002, 'loopback');
  await host.listen(here, 8003, 'forwarded');
  await host.obey({ kind: 'start' });
  await host.answers(8003, 'forwarded');
  await host.answers(8002, 'own');
  await eventually(() => host.forwarders().length === 1, 'waiting for the one connection to end');
});

test('when a listener goes its forwarder does, and comes back with the next one', async () => {
  await host.obey({ kind: 'start' });
  await host.listen(here, 8000, 'first');
  await host.answers(8000, 'first');
  await host.obey({ kind: 'close', host: here, port: 8000 });
  await eventually(() => host.forwarders().length === 0, 'waiting for the forwarder to end');
  await eventually(() => host.openPorts().length === 0, 'waiting for the port to close');
  await host.listen('::1', 8000, 'second');
  await host.answers(8000, 'second');
});

test('when the better of two listeners goes the other is reached', async () => {
  await host.obey({ kind: 'start' });
  await host.listen('::1', 8000, 'six');
  await host.listen(here, 8000, 'four');
  await host.answers(8000, 'four');
  await host.obey({ kind: 'close', host: here, port: 8000 });
  await host.answers(8000, 'six');
});

test('a connection outlives its listener, and its answer comes whole', async () => {
  const answer = 'x'.repeat(5_000_000);
  await host.obey({ kind: 'start' });
  await host.listen(here, 8000, answer);
  await eventually(() => host.openPorts().includes(8000), 'waiting for the forwarder');
  expect(await host.obey({ kind: 'connect', host: address, port: 8000 })).toBe('welcome');
  await host.obey({ kind: 'close', host: here, port: 8000 });
  await eventually(() => !host.openPorts().includes(8000), 'waiting for the forwarder to end');
  expect((await host.obey({ kind: 'finish' })).length).toBe(answer.length);
  await eventually(() => host.forwarders().length === 0, 'waiting for the connection to end');
});

test('a port is open before its socat has started, and what came until then is answered', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'envd-ports-'));
  try {
    const gate = join(folder, 'gate');
    const gated = ['sh', '-c', `until [ -e ${gate} ]; do sleep 0.01; done; exec socat "$@"`, 'sh'];
    await using slow = await ForwardingHost.start(gated);
    await slow.obey({ kind: 'start' });
    await slow.listen(here, 8000, 'hello');
    await eventually(() => slow.openPorts().includes(8000), 'waiting for the port to be open');
    const answer = slow.obey({ kind: 'ask', host: address, port: 8000 });
    writeFileSync(gate, '');
    expect(await answer).toBe('hello');
    await eventually(() => slow.openPorts().length === 1, 'waiting for socat to have the port alone');
    expect(await slow.obey({ kind: 'ask', host: address, port: 8000 })).toBe('hello');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('where connections cannot be handed over the port is open when its socat has started', async () => {
  await using plain = await ForwardingHost.start(['socat'], withoutMigration);
  await plain.obey({ kind: 'start' });
  await plain.listen(here, 8000, 'hello');
  await plain.answers(8000, 'hello');
  expect(plain.openPorts()).toEqual([8000]);
  expect(await plain.obey({ kind: 'stop' })).toBe('');
  expect(plain.openPorts()).toEqual([]);
});

test('a forwarder that could not bind tries again for as long as there is a listener', async () => {
  // Nothing that is listed as listening, but in the way: a bound socket. No other test has used its port.
  const blocker = spawn('nsenter', [
    ...[`--net=/proc/${host.pid}/ns/net`, 'python3', '-c'],
    `import socket,sys;s=socket.socket();s.bind(('${address}',8100));print('bound',flush=True);sys.stdin.read()`,
  ]);
  expect(String(await once(blocker.stdout, 'data'))).toContain('bound');
  await host.obey({ kind: 'start' });
  await host.listen(here, 8100, 'at last');
  await host.listen(here, 8101, 'not in the way');
  await host.answers(8101, 'not in the way');
  expect(await host.obey({ kind: 'ask', host: address, port: 8100 })).toBe('ECONNREFUSED');
  const gone = once(blocker, 'exit');
  blocker.stdin.end();
  await gone;
  await host.answers(8100, 'at last');
});

test('a forwarder that somebody kills comes back', async () => {
  await host.obey({ kind: 'start' });
  await host.listen(here, 8000, 'hello');
  await host.answers(8000, 'hello');
  const [pid = 0] = host.forwarders();
  process.kill(pid, 'SIGKILL');
  await eventually(() => !host.forwarders().includes(pid), 'waiting for its end');
  await host.answers(8000, 'hello');
});

test('after a stop no process and no socket is left, also of connections, and a start brings all back', async () => {
  await host.obey({ kind: 'start' });
  await host.obey({ kind: 'start' });
  const ports = [8000, 8001, 8002, 8003, 8004, 8005];
  for (const port of ports) await host.listen(here, port, `${port}`);
  for (const port of ports) await host.answers(port, `${port}`);
  await host.obey({ kind: 'connect', host: address, port: 8000 });
  await eventually(() => host.forwarders().length === ports.length + 1, 'waiting for the connection');
  expect(await host.obey({ kind: 'stop' })).toBe('');
  expect(host.forwarders()).toEqual([]);
  expect(host.openPorts()).toEqual([]);
  expect(await host.obey({ kind: 'stop' })).toBe('');
  await host.obey({ kind: 'start' });
  for (const port of ports) await host.answers(port, `${port}`);
});

test('a stop while it starts, and another start meanwhile, end in one forwarder', async () => {
  await host.listen(here, 8000, 'hello');
  for (let round = 0; round < 5; round++) {
    expect(await host.obey({ kind: 'stop-while-starting' })).toBe('');
    await host.answers(8000, 'hello');
  }
  await eventually(() => host.forwarders().length === 1, 'waiting for one forwarder');
  expect(await host.obey({ kind: 'stop' })).toBe('');
  expect(host.forwarders()).toEqual([]);
});

test('while no user has a process nothing is looked for, until one is started', async () => {
  await host.obey({ kind: 'start' });
  await host.obey({ kind: 'sleep' });
  await host.listen(here, 8000, 'hello');
  expect(await host.obey({ kind: 'ask', host: address, port: 8000 })).toBe('ECONNREFUSED');
  await host.obey({ kind: 'wake' });
  await host.answers(8000, 'hello');
});

test('without socat all else goes on', async () => {
  await using without = await ForwardingHost.start(['/nowhere/socat']);
  await without.obey({ kind: 'start' });
  await without.listen(here, 8000, 'hello');
  expect(await without.obey({ kind: 'ask', host: here, port: 8000 })).toBe('hello');
  expect(await without.obey({ kind: 'stop' })).toBe('');
});

test('the daemon forwards where it is told to, but not its own port', async () => {
  const flags = ['--standalone', '--forward-ports-to', address];
  await using envd = await startEnvd({ flags, before: inNamespace });
  const inside = [`--net=/proc/${envd.pid}/ns/net`];
  const serve = `require('node:http').createServer((_, answer) => answer.end('reached')).listen(8000, '${here}')`;
  const server = spawn('nsenter', [...inside, process.execPath, '-e', serve], { stdio: 'ignore' });
  const fetched = `
    const ask = () => fetch('http://${address}:8000/').then((answer) => answer.text()).then(console.log, () => setTimeout(ask, 50));
    ask();`;
  const ask = spawn('nsenter', [...inside, process.execPath, '-e', fetched]);
  expect(await text(ask.stdout)).toBe('reached\n');
  const table = parseSocketTable(readFileSync(`/proc/${envd.pid}/net/tcp`, 'latin1'));
  server.kill('SIGKILL');
  // Two sockets while the daemon hands the port over to socat.
  const forwarded = table.filter((socket) => socket.address === address).map(({ port }) => port);
  expect(new Set(forwarded)).toStrictEqual(new Set([8000]));
});
