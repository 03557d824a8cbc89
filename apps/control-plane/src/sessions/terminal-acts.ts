import { abortable, type CapsuleId, pause, WrennError } from '@wrenn/core';
import type { HostAgent } from '../hosts/agent.ts';
import type { Channel } from '../sockets/channel.ts';
import { InputQueue } from './input-queue.ts';

/** The terminal that is acted on. */
export interface ActedOn {
  readonly capsuleId: CapsuleId;
  readonly tag: string;
  /** Who types. */
  readonly writer: string;
  /** Before it is known nothing can be done to it. */
  readonly start: Promise<'runs' | 'never ran'>;
  /** The answer of its agent, when it can be given. */
  readonly reach: <T>(use: (agent: HostAgent) => Promise<T>, signal: AbortSignal) => Promise<T>;
}

/** The end of a terminal is seen a moment before that of its program. */
const looks = 20;
const lookEveryMs = 100;

/**
 * What one client does to its terminal. What it does to a program that has ended is no fault: its exit, which it is told
 * elsewhere, says all there is to say.
 */
export class TerminalActs {
  readonly queue = new InputQueue();
  readonly #terminal: ActedOn;
  readonly #channel: Channel;
  #program: 'runs' | 'has ended' = 'runs';

  constructor(terminal: ActedOn, channel: Channel) {
    this.#terminal = terminal;
    this.#channel = channel;
  }

  /** Types until the queue ends. Throws what is for good. */
  async type(signal: AbortSignal): Promise<void> {
    const { capsuleId, tag, writer, start } = this.#terminal;
    const next = () => this.queue.nextInput(signal);
    for (let input = await next(); input !== undefined; input = await next()) {
      if ((await abortable(start, signal)) === 'never ran') return;
      const { data, offset } = input;
      const typed = { tag, data, offset, writer };
      const became = await this.#do((agent) => agent.typeInto(capsuleId, typed, signal), signal);
      this.queue.inputDone();
      if (became === 'done') await this.#channel.send({ type: 'ack', offset: Number(offset) + data.length });
    }
  }

  /** Sets sizes and kills until the queue ends, however little the program reads. Throws what is for good. */
  async control(signal: AbortSignal): Promise<void> {
    const { capsuleId, tag, start } = this.#terminal;
    const next = () => this.queue.nextControl(signal);
    for (let control = await next(); control !== undefined; control = await next()) {
      if ((await abortable(start, signal)) === 'never ran') return;
      const what = control;
      await this.#do(async (agent) => {
        if (what.kind === 'kill') return await agent.killTerminal(capsuleId, tag, signal);
        await agent.resizeTerminal(capsuleId, { tag, cols: what.cols, rows: what.rows }, signal);
      }, signal);
      this.queue.controlDone();
    }
  }

  async #do(deed: (agent: HostAgent) => Promise<void>, signal: AbortSignal): Promise<'done' | 'of no use'> {
    if (this.#program === 'has ended') return 'of no use';
    try {
      await this.#terminal.reach(deed, signal);
      return 'done';
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(await this.#isBecauseOfEnd(thrown, signal))) throw thrown;
      this.#program = 'has ended';
      return 'of no use';
    }
  }

  async #isBecauseOfEnd(thrown: unknown, signal: AbortSignal): Promise<boolean> {
    const { code } = WrennError.from(thrown);
    if (code === 'not_found') return true;
    // Input that was refused, for what is wrong with it or because nobody can read it any more.
    if (code !== 'invalid_state') return false;
    for (let look = 0; look < looks; look++) {
      if (!(await this.#isListed(signal))) return true;
      await pause(lookEveryMs, signal);
    }
    return false;
  }

  async #isListed(signal: AbortSignal): Promise<boolean> {
    const { capsuleId, tag, reach } = this.#terminal;
    const { processes } = await reach((agent) => agent.listProcesses(capsuleId, signal), signal);
    return processes.some((process) => process.tag === tag);
  }
}
