import { newId, parseId, WrennError } from '@wrenn/core';
import { FakePausingHost, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { migrateUrl } from '../db/migrator.ts';
import type { HostAgent } from '../hosts/agent.ts';
import { Rest } from '../snapshots/testing/rest.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { type Absence, type LastReached, reach, type Target } from './reach.ts';

let databases: TestDatabases;
let server: TestServer<FakePausingHost>;
let rest: Rest;
let said: Absence[];
beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakePausingHost.start(tls),
  });
  rest = new Rest(server.url, server.apiKey);
});
beforeEach(() => {
  said = [];
  server.agent.calls.length = 0;
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

async function capsule(request: object = {}): Promise<Target> {
  const { context } = server.controlPlane;
  const capsuleId = parseId('capsule', await rest.capsule(request));
  const doer = { teamId: await ensureDefaultTeam(context.database), actor: systemActor };
  return { context, doer, capsuleId };
}

const act = (method: string, { capsuleId }: Target, action = '') =>
  rest.get(method, `/capsules/${capsuleId}${action}`);

/** What is heard when the capsule is reached; `faults` are what the first tries come to. */
function hear(
  target: Target,
  more: {
    readonly wanted?: () => boolean;
    readonly faults?: WrennError[];
    readonly signal?: AbortSignal;
    readonly always?: () => WrennError | undefined;
  } = {},
): Promise<string> {
  const { wanted = () => false, faults = [], signal = new AbortController().signal } = more;
  const absent = async (why: Absence) => {
    if (said.at(-1) !== why) said.push(why);
  };
  const use = async () => {
    const fault = faults.shift() ?? more.always?.();
    if (fault !== undefined) throw fault;
    return 'heard';
  };
  return reach(target, { use, wanted, absent, signal });
}

const unavailable = () => new WrennError('host_unavailable', 'the way to the terminal broke');

describe('a paused capsule', () => {
  it('that does not resume by itself is waited for, however much it is wanted, and that is said', async () => {
    const target = await capsule();
    await act('POST', target, '/pause');
    const heard = hear(target, { wanted: () => true });
    await expect.poll(() => said).toEqual(['paused']);
    await act('POST', target, '/resume');
    expect(await heard).toBe('heard');
    expect(server.agent.calls).toEqual(['create', 'pause', 'resume']);
  });

  it('that resumes by itself is woken when it is wanted', async () => {
    const target = await capsule({ auto_resume: true });
    await act('POST', target, '/pause');
    expect(await hear(target, { wanted: () => true })).toBe('heard');
    expect(said).toEqual([]);
    expect(await act('GET', target)).toMatchObject({ status: 'running' });
  });

  it('that resumes by itself sleeps on while it is only looked at', async () => {
    const target = await capsule({ auto_resume: true });
    await act('POST', target, '/pause');
    let isWanted = false;
    const heard = hear(target, { wanted: () => isWanted });
    await expect.poll(() => said).toEqual(['paused']);
    expect(server.agent.calls).toEqual(['create', 'pause']);
    isWanted = true;
    expect(await heard).toBe('heard');
  });

  it('is known for one, though only its host knows of the pause yet', async () => {
    const target = await capsule();
    server.agent.capsules.set(target.capsuleId, 'paused');
    const heard = hear(target, { faults: [new WrennError('invalid_state', 'it is paused')] });
    await expect.poll(() => said).toContain('paused');
    await act('POST', target, '/resume');
    expect(await heard).toBe('heard');
  });

  it('is waited for no longer than somebody waits', async () => {
    const target = await capsule();
    await act('POST', target, '/pause');
    const gone = new AbortController();
    const heard = hear(target, { signal: gone.signal });
    await expect.poll(() => said).toEqual(['paused']);
    gone.abort(new WrennError('cancelled', 'the client went away'));
    await expect(heard).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a capsule that runs', () => {
  it('is used again when the way to it broke, and that is said', async () => {
    const busy = new WrennError('busy', 'it is being copied');
    expect(await hear(await capsule(), { faults: [unavailable(), busy] })).toBe('heard');
    expect(said).toEqual(['unreachable']);
  });

  it('that is destroyed under a session ends it', async () => {
    const target = await capsule();
    const heard = hear(target, { always: unavailable });
    const outcome = expect(heard).rejects.toMatchObject({
      code: 'invalid_state',
      message: 'the capsule is stopped',
    });
    await expect.poll(() => said).toEqual(['unreachable']);
    await act('DELETE', target);
    await outcome;
  });

  it('is asked where it was last, and looked for when it is not there', async () => {
    const target = await capsule();
    const last: LastReached = {};
    const asked: HostAgent[] = [];
    let faults: WrennError[] = [];
    const ask = () =>
      reach(target, {
        use: async (agent) => {
          asked.push(agent);
          const fault = faults.shift();
          if (fault !== undefined) throw fault;
          return 'heard';
        },
        absent: () => Promise.resolve(),
        wanted: () => true,
        signal: new AbortController().signal,
        last,
      });
    expect(await ask()).toBe('heard');
    const [right] = asked;
    expect(last.agent).toBe(right);
    const wrong = target.context.agents.of({ id: newId('host'), address: '127.0.0.1:1' });
    last.agent = wrong;
    faults = [new WrennError('not_found', 'no such capsule here')];
    expect(await ask()).toBe('heard');
    expect(asked.slice(1)).toEqual([wrong, right]);
    expect(last.agent).toBe(right);
  });

  it('that refuses what is asked is not asked again', async () => {
    const refusal = new WrennError('not_found', 'there is no such terminal');
    await expect(hear(await capsule(), { faults: [refusal] })).rejects.toBe(refusal);
    expect(said).toEqual([]);
  });
});

it('a capsule of another team is none', async () => {
  const target = { ...(await capsule()), doer: { teamId: newId('team'), actor: systemActor } };
  await expect(hear(target)).rejects.toMatchObject({ code: 'not_found' });
});
