import type { RequestListener } from 'node:http';
import { WrennError } from '@wrenn/core';
import { Outcome } from '@wrenn/protocol/hostagent';
import { FakeAgentServer, type FakeHostTls, type FakeService, toConnect } from './fake-agent-server.ts';
import { FakeProgram } from './fake-program.ts';

type Selector =
  | { case: 'pid'; value: number }
  | { case: 'tag'; value: string }
  | { case: undefined; value?: undefined };

/**
 * A host's agent with programs that people have sessions with: real TLS and RPC, and behind it programs that do what a
 * test says. It shows nothing about machines.
 */
export class FakeSessionHost implements AsyncDisposable {
  readonly capsules = new Set<string>();
  /** In the order of their starts. */
  readonly programs: FakeProgram[] = [];
  /** Folders that are being watched now. */
  watchers = 0;
  /** Answers for the files of a guest. */
  relay: RequestListener = (_request, response) => response.writeHead(404).end();
  #server: FakeAgentServer | undefined;

  static async start(tls: FakeHostTls): Promise<FakeSessionHost> {
    const host = new FakeSessionHost();
    host.#server = await FakeAgentServer.start(tls, host.#service(), 0, (request, response) =>
      host.relay(request, response),
    );
    return host;
  }

  get address(): string {
    return this.#server?.address ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  #service(): FakeService {
    return {
      ...this.#capsuleCalls(),
      ...this.#commandCalls(),
      ...this.#terminalCalls(),
      watchDir: (_request, { signal }) => this.#watch(signal),
    };
  }

  #capsuleCalls(): FakeService {
    return {
      createSandbox: ({ sandboxId }) => {
        this.capsules.add(sandboxId);
        return { sandboxId, status: 'running', hostIp: '10.11.0.1' };
      },
      destroySandbox: ({ sandboxId }) => {
        this.capsules.delete(sandboxId);
        // It has one capsule.
        for (const program of this.programs) program.breakOff();
        return {};
      },
      listSnapshots: () => ({ snapshots: [] }),
      listImages: () => ({ images: [] }),
      listSandboxes: () => ({
        epoch: 'one',
        sandboxes: [...this.capsules].map((sandboxId) => ({ sandboxId, status: 'running' })),
      }),
      getHost: () => {
        const relayPort = Number(this.address.split(':')[1]);
        const size = { cpuCores: 4, memoryMb: 16_384, diskGb: 200 };
        return { ...size, templates: ['minimal'], engine: 'fake', relayPort };
      },
    };
  }

  #commandCalls(): FakeService {
    return {
      execStream: (_request, { signal }) => this.#exec(signal),
      connectProcess: ({ process, from }, { signal }) => this.#connect(this.#find(process), from, signal),
      sendProcessInput: async ({ process, data, end }, { signal }) => {
        const program = this.#find(process);
        if (data.length > 0) await program.take(data, signal);
        if (end) program.do('end of input');
        return {};
      },
      listProcesses: () => ({
        processes: this.programs
          .filter(({ hasEnded }) => !hasEnded)
          .map(({ pid, tag }) => ({ pid, tag, cmd: 'fake' })),
      }),
    };
  }

  #terminalCalls(): FakeService {
    const named = (tag: string) => this.#find({ case: 'tag', value: tag });
    return {
      ptyAttach: ({ tag, cmd, from }, { signal }) => {
        const program = cmd === '' ? named(tag) : this.#start(tag);
        return this.#attach(program, from ?? 1n, signal);
      },
      ptySendInput: async ({ tag, data }, { signal }) => {
        await named(tag).take(data, signal);
        return {};
      },
      ptyResize: ({ tag, cols, rows }) => {
        named(tag).resize({ cols, rows });
        return {};
      },
      ptyKill: ({ tag }) => {
        named(tag).do('kill');
        return {};
      },
    };
  }

  #start(tag: string): FakeProgram {
    const program = new FakeProgram(100 + this.programs.length, tag);
    this.programs.push(program);
    return program;
  }

  #find(selector: Selector): FakeProgram {
    const program = this.programs.findLast(({ pid, tag }) =>
      selector.case === 'pid' ? selector.value === pid : selector.value === tag,
    );
    if (program === undefined) throw toConnect(new WrennError('not_found', 'no such process runs'));
    return program;
  }

  /** A command ends with its caller. */
  async *#exec(signal: AbortSignal) {
    const program = this.#start('');
    try {
      yield* this.#output(program, 1n, signal);
    } finally {
      program.exit(137);
    }
  }

  async *#connect(program: FakeProgram, from: bigint | undefined, signal: AbortSignal) {
    for await (const event of this.#output(program, from ?? 1n, signal)) yield { event };
  }

  async *#output(program: FakeProgram, from: bigint, signal: AbortSignal) {
    yield { event: { case: 'start', value: { pid: program.pid } } } as const;
    for await (const frame of program.frames(from, signal)) {
      if ('exitCode' in frame) {
        const { exitCode } = frame;
        yield { event: { case: 'end', value: { exitCode, outcome: Outcome.EXITED } } } as const;
      } else {
        const output = { case: 'stdout', value: frame.data } as const;
        yield { event: { case: 'data', value: { output, number: frame.number } } } as const;
      }
    }
  }

  async *#attach(program: FakeProgram, from: bigint, signal: AbortSignal) {
    const { pid, tag } = program;
    yield { event: { case: 'started', value: { pid, tag } } } as const;
    yield* program.shown(from, signal);
  }

  async *#watch(signal: AbortSignal) {
    this.watchers += 1;
    const gone = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => gone.resolve(), { once: true });
    try {
      yield { type: 'ready', name: '' };
      await gone.promise;
    } finally {
      this.watchers -= 1;
    }
  }
}
