import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, until, WrennError } from '@wrenn/core';
import { Catalog, Exchanges, Pool } from '@wrenn/forward';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Refusal } from '../refusal/refusal.ts';
import { FakeAgent } from '../testing/fake-agent.ts';
import type { CapsuleFacts } from './facts.ts';
import { FactsCache } from './facts-cache.ts';
import { Reach } from './reach.ts';
import type { Reached } from './reached.ts';

const id = newId('capsule');
const log = createLogger('test', 'silent');
const never = new AbortController().signal;
const address = '127.0.0.1';

let folder: string;
let agent: FakeAgent;
let catalog: Catalog;
let facts: CapsuleFacts | undefined;
let elsewhere: Reached | undefined;
let wakes: number;
/** What becomes of the capsule when it is woken. */
let onWake: () => Promise<void>;
let reach: Reach;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wrenn-reach-'));
  const socketPath = join(folder, 'traffic.sock');
  agent = await FakeAgent.open(socketPath);
  catalog = new Catalog({ socketPath, kind: 'edge', log });
  await soon(() => catalog.isComplete);
  facts = {
    status: 'paused',
    autoResume: true,
    publicPorts: true,
    accessKey: Buffer.alloc(32),
    hostId: 'host',
    relay: undefined,
  };
  elsewhere = undefined;
  wakes = 0;
  onWake = async () => agent.serve(id, address);
  const wake = async () => {
    wakes += 1;
    await onWake();
    if (facts !== undefined) facts = { ...facts, status: 'running' };
    return facts;
  };
  reach = new Reach({
    catalog,
    relays: { to: async () => elsewhere },
    controlPlane: { wake },
    facts: new FactsCache(async () => facts, log),
    log,
    announceMs: 50,
  });
});
afterEach(async () => {
  catalog[Symbol.dispose]();
  await agent[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function soon(condition: () => boolean): Promise<true> {
  return until(() => (condition() ? true : undefined), 5, AbortSignal.timeout(20_000));
}

async function refusalOf(finding: Promise<unknown>): Promise<Refusal> {
  const thrown: unknown = await finding.catch((fault: unknown) => fault);
  if (thrown instanceof Refusal) return thrown;
  throw new Error('it was not refused', { cause: thrown });
}

describe('a capsule that sleeps', () => {
  it('is woken once for all who wait for it', async () => {
    const found = await Promise.all(Array.from({ length: 10 }, () => reach.find(id, never)));
    expect(wakes).toBe(1);
    expect(found.map((each) => each.address)).toEqual(Array(10).fill(address));
  });

  it('is woken for the others when one of them goes away', async () => {
    const awake = Promise.withResolvers<void>();
    onWake = async () => {
      await awake.promise;
      agent.serve(id, address);
    };
    const gone = new AbortController();
    const leaving = reach.find(id, gone.signal);
    const staying = reach.find(id, never);
    await soon(() => wakes === 1);
    gone.abort(new WrennError('cancelled', 'the client went away'));
    await expect(leaving).rejects.toMatchObject({ code: 'cancelled' });
    awake.resolve();
    expect(await staying).toMatchObject({ address });
    expect(wakes).toBe(1);
  });

  it('is not woken for one who has gone away', async () => {
    await expect(reach.find(id, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(wakes).toBe(0);
  });

  it('is asked for again by those who come after a wake that failed', async () => {
    const works = onWake;
    onWake = async () => {
      throw new WrennError('host_unavailable', 'no room');
    };
    expect((await refusalOf(reach.find(id, never))).kind).toBe('unavailable');
    onWake = works;
    expect(await reach.find(id, never)).toMatchObject({ address });
    expect(wakes).toBe(2);
  });

  it.each([
    ['paused', false, 'not_running'],
    ['error', true, 'not_running'],
    ['stopped', true, 'not_found'],
  ] as const)('is refused where it is %s and no request can wake it', async (status, autoResume, kind) => {
    if (facts !== undefined) facts = { ...facts, status, autoResume };
    expect((await refusalOf(reach.find(id, never))).kind).toBe(kind);
    facts = undefined;
    expect((await refusalOf(reach.findAgain(id, never))).kind).toBe('not_found');
    expect(wakes).toBe(0);
  });
});

it('one that is paused again each time that it was woken is given up after three rounds', async () => {
  onWake = async () => {
    agent.serve(id, address, 'held');
    await soon(() => catalog.passage(id)?.isOpen === false);
    setImmediate(() => agent.drop(id));
  };
  expect((await refusalOf(reach.find(id, never))).kind).toBe('unavailable');
  expect(wakes).toBe(3);
});

it('one of which its host never says that it runs is given up', async () => {
  onWake = async () => undefined;
  expect((await refusalOf(reach.find(id, never))).kind).toBe('unavailable');
  expect(catalog.passage(id)).toBeUndefined();
});

it('one that stands still is waited for', async () => {
  agent.serve(id, address, 'held');
  await soon(() => catalog.passage(id) !== undefined);
  expect(reach.direct(id)).toBeUndefined();
  const waiting = reach.find(id, never);
  agent.serve(id, address);
  expect(await waiting).toBe(catalog.passage(id));
  expect(wakes).toBe(0);
});

it('one that its host does not have any more is woken, wherever that is then, though it was known to run', async () => {
  if (facts !== undefined) facts = { ...facts, status: 'running' };
  elsewhere = { address: 'another', exchanges: new Exchanges(), to: () => new Pool().to('another', 1) };
  expect(await reach.find(id, never)).toBe(elsewhere);
  expect(wakes).toBe(0);
  expect(await reach.findAgain(id, never)).toBe(elsewhere);
  expect(wakes).toBe(1);
  elsewhere = undefined;
  expect(await reach.findAgain(id, never)).toBe(catalog.passage(id));
});
