import { randomBytes } from 'node:crypto';
import { abortable, pause, WrennError } from '@wrenn/core';
import type { PtyAttachResponse } from '@wrenn/protocol/hostagent';
import type { HostAgent } from '../hosts/agent.ts';
import type { Channel } from '../sockets/channel.ts';
import { type LastReached, reach, type Target } from './reach.ts';
import { type ActedOn, TerminalActs } from './terminal-acts.ts';
import type { OpenFrame } from './terminal-frames.ts';

type PtyEvent = PtyAttachResponse['event'];
type Opened = { readonly events: AsyncGenerator<PtyAttachResponse, void>; readonly first: PtyEvent };

/** A stream that breaks at once, and again, would be asked for as fast as that otherwise. */
const breakMs = 250;

/**
 * One client at one terminal. Its stream of output and its calls may break, by a pause of the capsule or a restart of
 * its host's agent; the session then attaches again from the frame after the last one that the client was sent, and
 * sends again the input that was not confirmed, which is taken once.
 */
export class TerminalSession {
  readonly acts: TerminalActs;
  readonly #target: Target;
  readonly #channel: Channel;
  readonly #open: OpenFrame;
  readonly #tag: string;
  readonly #start = Promise.withResolvers<'runs' | 'never ran'>();
  /** Undefined until it was started; from then on it is only attached to. */
  #from: bigint | undefined;
  #said: 'nothing' | 'paused' | 'unreachable' = 'nothing';
  /** While the client cannot take more output. */
  #hold: PromiseWithResolvers<void> | undefined;

  constructor(target: Target, channel: Channel, open: OpenFrame) {
    this.#target = target;
    this.#channel = channel;
    this.#open = open;
    this.#tag = open.type === 'connect' ? open.tag : `pty-${randomBytes(4).toString('hex')}`;
    this.#from = open.type === 'connect' ? BigInt(open.from) : undefined;
    if (open.type === 'connect') this.#start.resolve('runs');
    const writer = open.writer ?? randomBytes(12).toString('hex');
    const acted = { capsuleId: target.capsuleId, tag: this.#tag, writer, start: this.#start.promise };
    // Where the last key went. Output, whose stream broke when it is asked for again, is looked for anew.
    const last: LastReached = {};
    const reached: ActedOn['reach'] = (use, signal) => this.#reach(use, signal, last);
    this.acts = new TerminalActs({ ...acted, reach: reached }, channel);
  }

  /** Output waits in the guest, not here, while the client holds it up. */
  setFlow(state: 'hold' | 'go'): void {
    if (state === 'hold') this.#hold ??= Promise.withResolvers<void>();
    else {
      this.#hold?.resolve();
      this.#hold = undefined;
    }
  }

  /** Shows what the terminal prints until its program has ended. Throws what is for good. */
  async show(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        const { events, first } = await this.#reach((agent) => this.#attach(agent, signal), signal);
        try {
          if (await this.#pump(first, events, signal)) return;
        } catch (thrown) {
          signal.throwIfAborted();
          const error = WrennError.from(thrown, 'reading from the terminal');
          if (error.code !== 'host_unavailable' && error.code !== 'cancelled') throw error;
          await pause(breakMs, signal);
        } finally {
          await events.return();
        }
      }
    } finally {
      this.#start.resolve('never ran');
    }
  }

  #reach<T>(use: (agent: HostAgent) => Promise<T>, signal: AbortSignal, last: LastReached = {}): Promise<T> {
    // A new terminal is a reason to wake its capsule, and so is whatever was typed.
    const wanted = () => this.#from === undefined || !this.acts.queue.isEmpty;
    return reach(this.#target, { use, wanted, signal, last, absent: (why) => this.#sayAbsent(why) });
  }

  async #sayAbsent(why: 'paused' | 'unreachable'): Promise<void> {
    if (this.#said === why) return;
    this.#said = why;
    await this.#channel.send({ type: 'status', status: why });
  }

  async #attach(agent: HostAgent, signal: AbortSignal): Promise<Opened> {
    const common = { sandboxId: this.#target.capsuleId, tag: this.#tag };
    const open = this.#open;
    const request =
      this.#from !== undefined || open.type === 'connect'
        ? { ...common, ...(this.#from === undefined ? {} : { from: this.#from }) }
        : {
            ...common,
            ...sizeOf(open),
            cmd: open.cmd,
            args: open.args,
            envs: open.envs,
            cwd: open.cwd,
            user: open.user,
          };
    const events = agent.attachTerminal(request, signal);
    const { done, value } = await events.next();
    if (done === true) throw new WrennError('host_unavailable', 'the terminal did not answer');
    return { events, first: value.event };
  }

  /** True when the program has ended. */
  async #pump(
    first: PtyEvent,
    rest: AsyncGenerator<PtyAttachResponse, void>,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (await this.#tell(first, signal)) return true;
    for await (const { event } of rest) if (await this.#tell(event, signal)) return true;
    return false;
  }

  async #tell(event: PtyEvent, signal: AbortSignal): Promise<boolean> {
    switch (event.case) {
      case 'started': {
        const { pid, tag } = event.value;
        this.#from ??= 1n;
        this.#said = 'nothing';
        this.#start.resolve('runs');
        await this.#channel.send({ type: 'started', tag, pid });
        return false;
      }
      case 'output': {
        const { data, number } = event.value;
        if (this.#hold !== undefined) await abortable(this.#hold.promise, signal);
        await this.#channel.send(this.#outputFrame(data, number));
        this.#from = number + 1n;
        return false;
      }
      case 'gap': {
        const { first, last } = event.value;
        await this.#channel.send({ type: 'gap', first: Number(first), last: Number(last) });
        this.#from = last + 1n;
        return false;
      }
      case 'size': {
        // Who types sets the size, and need not be told; who looks on has to take it.
        const { cols, rows } = event.value;
        if (this.#looksOn) await this.#channel.send({ type: 'size', cols, rows });
        return false;
      }
      case 'exited': {
        const { exitCode, error } = event.value;
        await this.#channel.send({ type: 'exit', exit_code: exitCode, ...(error === '' ? {} : { error }) });
        return true;
      }
      default:
        return false;
    }
  }

  get #looksOn(): boolean {
    return this.#open.type === 'connect' && this.#open.mode === 'view';
  }

  #outputFrame(data: Uint8Array, number: bigint): object | Uint8Array {
    if (this.#open.output === 'base64') {
      const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
      return { type: 'output', data: text, number: Number(number) };
    }
    const frame = Buffer.allocUnsafe(8 + data.length);
    frame.writeBigUInt64BE(number);
    frame.set(data, 8);
    return frame;
  }
}

/** A side of nothing is a client that does not know its size yet. */
function sizeOf({ cols, rows }: { readonly cols: number; readonly rows: number }) {
  return { cols: cols || 80, rows: rows || 24 };
}
