import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict';
import { type Client, ConnectError } from '@connectrpc/connect';
import { deadline, until } from '@wrenn/core';
import { type HostAgentService, Outcome, type PtyAttachResponse } from '@wrenn/protocol/hostagent';

type Agent = Client<typeof HostAgentService>;

/** A host with one capsule that runs, and the ways to pause and resume it that leave nobody in the dark. */
export interface HostUnderContract {
  readonly agent: Agent;
  readonly sandboxId: string;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

interface HostPromise {
  readonly name: string;
  hold(host: HostUnderContract): Promise<void>;
}

const unknown = `cl-${'0'.repeat(24)}1`;
const codeHeader = 'wrenn-error-code';
const waitMs = 60_000;
const everyMs = 200;

/**
 * What the control plane relies on when it asks a host about a capsule. It runs against a real host and against the fake
 * one that stands for it, so that work on the fake is work for the real.
 */
export const hostContract: readonly HostPromise[] = [
  {
    name: 'a host says what it is, and a capsule that runs is in its list',
    async hold({ agent, sandboxId }) {
      const host = await agent.getHost({});
      ok(host.cpuCores > 0 && host.memoryMb > 0 && host.relayPort > 0 && host.engine !== '');
      ok(host.templates.includes('minimal'));
      const { sandboxes, epoch } = await agent.listSandboxes({});
      strictEqual(sandboxes.find((each) => each.sandboxId === sandboxId)?.status, 'running');
      ok(epoch !== '');
      strictEqual((await agent.listSandboxes({})).epoch, epoch);
    },
  },
  {
    name: 'a command has its output, its exit code and its outcome',
    async hold({ agent, sandboxId }) {
      const { stdout, exitCode, outcome } = await agent.exec({ sandboxId, cmd: 'echo', args: ['a', 'b c'] });
      deepStrictEqual([text(stdout), exitCode, outcome], ['a b c\n', 0, Outcome.EXITED]);
      const failed = await agent.exec({ sandboxId, cmd: 'false' });
      deepStrictEqual([failed.exitCode, failed.outcome], [1, Outcome.EXITED]);
      const read = await agent.exec({
        sandboxId,
        cmd: 'cat',
        stdin: new TextEncoder().encode('what it reads'),
      });
      strictEqual(text(read.stdout), 'what it reads');
    },
  },
  {
    name: 'a command that is not found is an outcome, no fault',
    async hold({ agent, sandboxId }) {
      const { exitCode, outcome } = await agent.exec({ sandboxId, cmd: 'no-such-program' });
      deepStrictEqual([exitCode, outcome], [127, Outcome.EXITED]);
    },
  },
  {
    name: 'a stream of a command begins with its start and ends with its end, its frames numbered from 1',
    async hold({ agent, sandboxId }) {
      const kinds: string[] = [];
      const numbers: bigint[] = [];
      let said = '';
      for await (const { event } of agent.execStream({ sandboxId, cmd: 'echo', args: ['hello'] })) {
        kinds.push(event.case ?? 'none');
        if (event.case !== 'data') continue;
        numbers.push(event.value.number);
        if (event.value.output.case === 'stdout') said += text(event.value.output.value);
      }
      deepStrictEqual([kinds.at(0), kinds.at(-1), said], ['start', 'end', 'hello\n']);
      deepStrictEqual(
        numbers,
        numbers.map((_, at) => BigInt(at + 1)),
      );
    },
  },
  {
    name: 'a terminal shows what is typed, and what it printed is there for who comes back',
    async hold({ agent, sandboxId }) {
      const tag = `contract-${crypto.randomUUID()}`;
      using limit = deadline(waitMs, 'waiting for a terminal');
      const leave = new AbortController();
      const signal = AbortSignal.any([limit, leave.signal]);
      const size = { cols: 80, rows: 24 };
      const opened = agent.ptyAttach({ sandboxId, tag, cmd: 'sh', ...size }, { signal });
      const seen = new Screen(opened);
      await seen.until(/[$#] $/);
      await agent.ptySendInput({ sandboxId, tag, data: keys('echo one\r'), writer: 'w', offset: 0n });
      await seen.until(/\r\none\r\n/);
      await agent.ptyResize({ sandboxId, tag, cols: 100, rows: 30 });
      leave.abort();
      await seen.over();

      const again = new Screen(agent.ptyAttach({ sandboxId, tag, from: 1n }, { signal: limit }));
      await again.until(/\r\none\r\n/);
      await agent.ptyKill({ sandboxId, tag });
      await again.over();
      ok(again.exitCode !== undefined, 'a terminal that was killed says that it ended');
      await refused(agent.ptyResize({ sandboxId, tag, cols: 80, rows: 24 }), 'not_found');
    },
  },
  {
    name: 'a process in the background is listed until it is killed, by its tag',
    async hold({ agent, sandboxId }) {
      const tag = `contract-${crypto.randomUUID()}`;
      const { pid } = await agent.startBackground({ sandboxId, cmd: 'sleep', args: ['1000'], tag });
      ok(pid > 0);
      const listed = async () =>
        (await agent.listProcesses({ sandboxId })).processes.some((each) => each.tag === tag);
      ok(await listed());
      await agent.killProcess({ sandboxId, process: { case: 'tag', value: tag } });
      using limit = deadline(waitMs, 'waiting for a process to end');
      while (await listed()) limit.throwIfAborted();
      await refused(agent.killProcess({ sandboxId, process: { case: 'tag', value: tag } }), 'not_found');
    },
  },
  {
    name: 'a folder is made, listed, moved and removed, and what is not there is said to be not there',
    async hold({ agent, sandboxId }) {
      const at = `/tmp/contract-${crypto.randomUUID()}`;
      const { entry } = await agent.makeDir({ sandboxId, path: `${at}/a/b` });
      deepStrictEqual([entry?.name, entry?.path, entry?.type], ['b', `${at}/a/b`, 'directory']);
      await refused(agent.makeDir({ sandboxId, path: `${at}/a` }), 'conflict');
      const list = async (depth: number) =>
        (await agent.listDir({ sandboxId, path: at, depth })).entries.map(({ path }) => path).sort();
      deepStrictEqual(await list(1), [`${at}/a`]);
      deepStrictEqual(await list(2), [`${at}/a`, `${at}/a/b`]);
      await agent.movePath({ sandboxId, source: `${at}/a`, destination: `${at}/c` });
      strictEqual((await agent.statPath({ sandboxId, path: `${at}/c/b` })).entry?.type, 'directory');
      await refused(agent.statPath({ sandboxId, path: `${at}/a` }), 'not_found');
      await agent.removePath({ sandboxId, path: at });
      await refused(agent.removePath({ sandboxId, path: at }), 'not_found');
      await refused(agent.listDir({ sandboxId, path: at }), 'not_found');
    },
  },
  {
    name: 'what a capsule uses is known soon, in order and within bounds, and is kept while it is paused',
    async hold(host) {
      const { agent, sandboxId } = host;
      const read = (rangeSec: number) => agent.getSandboxMetrics({ sandboxId, rangeSec });
      using limit = deadline(waitMs, 'waiting for metrics');
      const some = async () => ((await read(600)).points.length > 0 ? true : undefined);
      await until(some, everyMs, limit);
      await host.pause();
      for (const [rangeSec, coarsest] of [
        [600, 30],
        [7_200, 30],
        [86_400, 300],
      ] as const) {
        const { points, intervalSec } = await read(rangeSec);
        ok(points.length > 0 && points.length <= rangeSec / intervalSec + 2);
        ok(intervalSec > 0 && intervalSec <= coarsest);
        for (const [at, point] of points.entries()) {
          ok(point.cpuPct >= 0 && point.cpuPct <= 100);
          ok(point.memBytes > 0n && point.memBytes <= point.memTotalBytes);
          ok(point.diskBytes > 0n && point.diskBytes <= point.diskTotalBytes);
          ok(at === 0 || point.timestampUnix > (points[at - 1]?.timestampUnix ?? 0n));
        }
      }
      await host.resume();
      ok((await read(86_400)).points.length > 0);
      for (const rangeSec of [0, 86_401]) await refused(read(rangeSec), 'invalid_request');
    },
  },
  {
    name: 'a capsule that is not there is not found, whatever is asked',
    async hold({ agent }) {
      const of = { sandboxId: unknown };
      await refused(agent.exec({ ...of, cmd: 'true' }), 'not_found');
      await refused(agent.pingSandbox(of), 'not_found');
      await refused(agent.pauseSandbox(of), 'not_found');
      await refused(agent.statPath({ ...of, path: '/tmp' }), 'not_found');
      await refused(agent.listProcesses(of), 'not_found');
      await refused(agent.getSandboxMetrics({ ...of, rangeSec: 600 }), 'not_found');
      await agent.destroySandbox(of);
    },
  },
  {
    name: 'a capsule that is paused is listed so, does nothing, and pauses again without a fault',
    async hold(host) {
      const { agent, sandboxId } = host;
      const at = `/tmp/contract-${crypto.randomUUID()}`;
      await agent.makeDir({ sandboxId, path: at });
      await host.pause();
      const { sandboxes } = await agent.listSandboxes({});
      strictEqual(sandboxes.find((each) => each.sandboxId === sandboxId)?.status, 'paused');
      await refused(agent.exec({ sandboxId, cmd: 'true' }), 'invalid_state');
      await refused(agent.statPath({ sandboxId, path: at }), 'invalid_state');
      await agent.pauseSandbox({ sandboxId });
      await host.resume();
      strictEqual((await agent.statPath({ sandboxId, path: at })).entry?.type, 'directory');
      await agent.pingSandbox({ sandboxId });
    },
  },
];

/** What a terminal printed so far, and how it ended. */
class Screen {
  exitCode: number | undefined;
  readonly #reading: Promise<void>;
  #text = '';
  #wake: (() => void) | undefined;

  constructor(events: AsyncIterable<PtyAttachResponse>) {
    this.#reading = this.#read(events);
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#text)) {
      const more = new Promise<'more'>((resolve) => {
        this.#wake = () => resolve('more');
      });
      if ((await Promise.race([more, this.#reading])) !== 'more') match(this.#text, pattern);
    }
  }

  /** Returns when it ended, or its reader left. */
  async over(): Promise<void> {
    await this.#reading;
  }

  async #read(events: AsyncIterable<PtyAttachResponse>): Promise<void> {
    try {
      for await (const { event } of events) {
        if (event.case === 'output') this.#text += text(event.value.data);
        if (event.case === 'exited') this.exitCode = event.value.exitCode;
        this.#wake?.();
      }
    } catch (thrown) {
      if (!(thrown instanceof ConnectError)) throw thrown;
    }
  }
}

async function refused(call: Promise<unknown>, code: string): Promise<void> {
  await rejects(call, (thrown) => {
    strictEqual(ConnectError.from(thrown).metadata.get(codeHeader), code, String(thrown));
    return true;
  });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function keys(typed: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(typed);
}
