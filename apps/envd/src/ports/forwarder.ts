import { describeError } from '@wrenn/core';
import { log } from '../log.ts';
import type { Workload } from '../workload/workload.ts';
import { holdPort } from './held-port.ts';
import { backlog, Socat, type SocatOrder } from './socat.ts';

/** After a socat that could not bind. Doubled each time it fails again. */
const firstRetryMs = 100;
const longestRetryMs = 5_000;
/** One that lived longer than this could bind, and has ended for another reason. */
const boundAfterMs = 1_000;

/** What all forwarders share. */
export interface ForwarderRules {
  readonly workload: Workload;
  /** A port is open before its socat has started, which then takes over. */
  readonly handOver: 'possible' | 'impossible';
  /** Called with each socat that is started. */
  readonly started: (socat: Socat) => void;
  /** There is no such program. */
  readonly missing: (fault: Error) => void;
}

type State =
  | { readonly kind: 'running'; readonly socat: Socat; readonly held: Disposable | undefined }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' };

/** Keeps one port open at the machine's own address: by a socat, which is replaced whenever it ends. */
export class Forwarder {
  readonly order: SocatOrder;
  readonly #rules: ForwarderRules;
  #failures = 0;
  #state: State = { kind: 'closed' };

  constructor(order: SocatOrder, rules: ForwarderRules) {
    this.order = order;
    this.#rules = rules;
    this.#state = this.#open();
  }

  /** Whether what listens at the own address is this. */
  get isRunning(): boolean {
    return this.#state.kind === 'running';
  }

  /** To be told how many sockets listen at the port: with the second one socat has come. */
  seen(sockets: number): void {
    if (this.#state.kind === 'running' && sockets > 1) this.#state.held?.[Symbol.dispose]();
  }

  /**
   * Settles when the port is closed. The connections that there are come to their own end: a server may close its
   * port and still answer.
   */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'waiting') clearTimeout(state.timer);
    if (state.kind !== 'running') return;
    state.held?.[Symbol.dispose]();
    state.socat.close();
    await state.socat.ended;
  }

  #open(): State {
    const { address, port } = this.order;
    let held: Disposable | undefined;
    try {
      if (this.#rules.handOver === 'possible') held = holdPort(address, port, backlog);
      const socat = new Socat(this.order, this.#rules.workload);
      this.#rules.started(socat);
      void this.#follow(socat, held);
      return { kind: 'running', socat, held };
    } catch (thrown) {
      held?.[Symbol.dispose]();
      return this.#failed(describeError(thrown));
    }
  }

  async #follow(socat: Socat, held: Disposable | undefined): Promise<void> {
    const startedAt = performance.now();
    const end = await socat.ended;
    held?.[Symbol.dispose]();
    if (this.#state.kind === 'closed') return;
    if (performance.now() - startedAt > boundAfterMs) this.#failures = 0;
    if (end.kind === 'not-started' && end.isMissing) this.#rules.missing(end.fault);
    else this.#state = this.#failed(end.kind === 'exited' ? 'socat ended' : end.fault.message);
  }

  #failed(reason: string): State {
    const { port } = this.order;
    if (this.#failures === 0) log('a port cannot be forwarded yet', { port, reason });
    const retryMs = Math.min(firstRetryMs * 2 ** this.#failures, longestRetryMs);
    this.#failures += 1;
    return { kind: 'waiting', timer: setTimeout(() => this.#retry(), retryMs) };
  }

  #retry(): void {
    this.#state = this.#open();
  }
}
