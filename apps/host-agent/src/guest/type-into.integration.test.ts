import { once } from 'node:events';
import { Agent } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Secret } from '@wrenn/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GuestClient } from './guest-client.ts';
import { type EnvdProcess, startEnvdProcess } from './testing/envd-process.ts';
import { typeInto } from './type-into.ts';

/** What becomes of one connection to the guest. */
type Fate =
  | 'whole'
  | 'broken before the guest hears it'
  | 'broken before its answer comes back'
  | 'broken when it is used again';

/** A way to `port` on which connections break as it is told: the next has the first of `fates`. */
async function startWayTo(port: number, fates: Fate[]): Promise<Server> {
  const way = createServer((client: Socket) => {
    const fate = fates.shift() ?? 'whole';
    client.on('error', () => undefined);
    if (fate === 'broken before the guest hears it') {
      client.once('data', () => client.resetAndDestroy());
      return;
    }
    const guest = connect(port, '127.0.0.1');
    guest.on('error', () => client.destroy());
    let isAnswered = false;
    guest.once('data', () => {
      isAnswered = true;
    });
    client.on('data', (bytes) => {
      if (fate === 'broken when it is used again' && isAnswered) client.resetAndDestroy();
      else guest.write(bytes);
    });
    client.once('close', () => guest.destroy());
    if (fate === 'broken before its answer comes back') guest.once('data', () => client.resetAndDestroy());
    else guest.pipe(client);
  });
  way.listen(0, '127.0.0.1');
  await once(way, 'listening');
  return way;
}

const signal = AbortSignal.timeout(60_000);
const fates: Fate[] = [];
let envd: EnvdProcess;
let guest: GuestClient;
let way: Server;
let shown: string;
let tag: string;
let terminals = 0;
beforeAll(async () => {
  envd = await startEnvdProcess();
  guest = new GuestClient('127.0.0.1', new Secret('of nobody'), { port: envd.port });
  way = await startWayTo(envd.port, fates);
});
afterAll(async () => {
  way?.close();
  guest?.close();
  await envd?.[Symbol.asyncDispose]();
});

/** A terminal that shows what is typed into it as it is. */
beforeEach(async () => {
  fates.length = 0;
  shown = '';
  terminals += 1;
  tag = `terminal-${terminals}`;
  const script = 'stty -echo raw; printf ready; exec cat';
  const terminal = {
    process: { cmd: 'sh', args: ['-c', script] },
    pty: { size: { cols: 80, rows: 24 } },
    tag,
  };
  const leave = new AbortController();
  const reading = (async () => {
    for await (const { event } of guest.process.start(terminal, { signal: leave.signal }))
      if (event?.event.case === 'data') shown += Buffer.from(event.event.value.output.value ?? []).toString();
  })().catch((thrown: unknown) => {
    if (!leave.signal.aborted) throw thrown;
  });
  await expect.poll(() => shown).toBe('ready');
  return async () => {
    await guest.process.sendSignal({ process: { selector: { case: 'tag', value: tag } }, signal: 9 });
    leave.abort();
    await reading;
  };
});

/** Types over the way that breaks. */
async function type(text: string, { writer = 'me', offset = 0n, by = new Agent() } = {}): Promise<void> {
  const { port } = way.address() as AddressInfo;
  const to = { baseUrl: `http://127.0.0.1:${port}`, agent: by, headers: {} };
  await typeInto(to, { tag, data: Buffer.from(text), writer, offset }, signal);
}

/** Nothing of what is typed before this comes after it. */
const shows = async (text: string) => {
  await type('.', { writer: '' });
  await expect.poll(() => shown).toBe(`ready${text}.`);
};

describe('what is typed over a connection that breaks', () => {
  it('is taken once, though it was heard and only the answer was lost', async () => {
    fates.push('broken before its answer comes back');
    await type('ab');
    await type('c', { offset: 2n });
    await shows('abc');
  });

  it('is taken once, though nobody heard it at first', async () => {
    fates.push('broken before the guest hears it');
    await type('ab');
    await shows('ab');
  });

  it('is taken, though the connection had been kept and broke when it was used again', async () => {
    fates.push('broken when it is used again');
    const by = new Agent({ keepAlive: true, maxSockets: 1 });
    await type('a', { by });
    await type('b', { by, offset: 1n });
    expect(fates).toEqual([]);
    await shows('ab');
    by.destroy();
  });

  it('is not sent again by one who does not say who it is: it may have been heard', async () => {
    fates.push('broken before its answer comes back');
    await expect(type('a', { writer: '' })).rejects.toMatchObject({ code: 'host_unavailable' });
    await shows('a');
  });

  it('is given up when it breaks again', async () => {
    fates.push('broken before the guest hears it', 'broken before the guest hears it');
    await expect(type('a')).rejects.toMatchObject({ code: 'host_unavailable', retryable: true });
    await shows('');
  });
});
