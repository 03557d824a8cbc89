import { WrennError } from '@wrenn/core';
import type { CreateSandboxRequest } from '@wrenn/protocol/hostagent';
import { FakeProgram } from '../fake-program.ts';
import { FakeMetrics } from './fake-metrics.ts';
import { FakeShell } from './fake-shell.ts';
import { FakeTree } from './fake-tree.ts';

/** What a fake process is found by. */
export type FakeSelector =
  | { case: 'pid'; value: number }
  | { case: 'tag'; value: string }
  | { case: undefined; value?: undefined };

interface Started {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly program: FakeProgram;
}

/** A fake capsule: a state, files and programs. */
export class FakeGuest {
  readonly tree = new FakeTree();
  readonly createdAtMs = Date.now();
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly metrics: FakeMetrics;
  readonly request: Pick<CreateSandboxRequest, 'template' | 'teamId' | 'templateId' | 'timeoutSec'>;
  #status: 'running' | 'paused' = 'running';
  readonly #started: Started[] = [];

  constructor(request: FakeGuest['request'], shape: { readonly vcpus: number; readonly memoryMb: number }) {
    this.request = request;
    this.vcpus = shape.vcpus;
    this.memoryMb = shape.memoryMb;
    this.metrics = new FakeMetrics(shape.memoryMb, this.createdAtMs);
  }

  get status(): 'running' | 'paused' {
    return this.#status;
  }

  pause(): void {
    this.#status = 'paused';
    this.metrics.end(Date.now());
    for (const { program } of this.running()) program.interrupt();
  }

  resume(): void {
    this.#status = 'running';
    this.metrics.begin(Date.now());
  }

  /** Throws what an agent answers for one that does not run. */
  requireRunning(): this {
    if (this.status === 'running') return this;
    throw new WrennError('invalid_state', 'the capsule is paused');
  }

  start(cmd: string, args: readonly string[], tag: string): FakeProgram {
    if (tag !== '' && this.running().some(({ program }) => program.tag === tag))
      throw new WrennError('conflict', `a process with the tag ${tag} runs already`);
    const program = new FakeProgram(100 + this.#started.length, tag);
    this.#started.push({ cmd, args, program });
    return program;
  }

  openShell(cmd: string, tag: string): FakeShell {
    const shell = new FakeShell(100 + this.#started.length, tag);
    this.#started.push({ cmd, args: [], program: shell });
    shell.begin();
    return shell;
  }

  running(): readonly Started[] {
    return this.#started.filter(({ program }) => !program.hasEnded);
  }

  /** Where the programs that listen do, ascending. */
  get ports(): number[] {
    const listening = this.running().filter(({ cmd }) => cmd === 'listen');
    return listening.flatMap(({ args }) => args.map(Number)).sort((one, other) => one - other);
  }

  find(selector: FakeSelector): FakeProgram {
    const found = this.#started.findLast(({ program }) =>
      selector.case === 'pid' ? selector.value === program.pid : selector.value === program.tag,
    );
    if (found !== undefined) return found.program;
    throw new WrennError('not_found', `no process with ${selector.case} ${selector.value} runs`);
  }
}
