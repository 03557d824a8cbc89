import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { deadline, until } from '@wrenn/core';
import {
  type ConnectResponse,
  type Process,
  type ProcessEvent,
  type ProcessEvent_EndEvent,
  type ProcessSelector,
  Signal,
  type StartRequestSchema,
  type StartResponse,
} from '@wrenn/protocol/process';

type Processes = Client<typeof Process>;
type Event = ProcessEvent['event'];
type Answer = StartResponse | ConnectResponse;

/** One reader's view of a process, from right after its start event. */
export class StartedProcess {
  readonly pid: number;
  readonly selector: { readonly process: Pick<ProcessSelector, 'selector'> };
  readonly #processes: Processes;
  readonly #events: AsyncIterator<Answer>;

  private constructor(pid: number, processes: Processes, events: AsyncIterator<Answer>) {
    this.pid = pid;
    this.selector = byPid(pid);
    this.#processes = processes;
    this.#events = events;
  }

  static async start(
    processes: Processes,
    request: MessageInitShape<typeof StartRequestSchema>,
    options: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal } = {},
  ): Promise<StartedProcess> {
    return await StartedProcess.of(processes, processes.start(request, options));
  }

  /** A command without standard input. */
  static async run(processes: Processes, ...[cmd = '', ...args]: string[]): Promise<StartedProcess> {
    return await StartedProcess.start(processes, { process: { cmd, args }, stdin: false });
  }

  /** Throws when the stream does not begin with a start. */
  static async of(processes: Processes, stream: AsyncIterable<Answer>): Promise<StartedProcess> {
    const events = stream[Symbol.asyncIterator]();
    const first = await events.next();
    const event = first.done ? undefined : first.value.event?.event;
    if (event?.case !== 'start') throw new Error('the first event is not the start');
    return new StartedProcess(event.value.pid, processes, events);
  }

  /** Another reader of it. */
  async connect(from?: bigint, options: { readonly signal?: AbortSignal } = {}): Promise<StartedProcess> {
    const request = { ...this.selector, ...(from === undefined ? {} : { from }) };
    return await StartedProcess.of(this.#processes, this.#processes.connect(request, options));
  }

  /** The next event; undefined after the last. */
  async next(): Promise<Event | undefined> {
    const next = await this.#events.next();
    return next.done ? undefined : next.value.event?.event;
  }

  /** Reads until what it has written contains `text`; gives all that was read. */
  async shows(text: string): Promise<string> {
    let shown = '';
    while (!shown.includes(text)) {
      const event = await this.next();
      if (event === undefined || event.case === 'end') throw new Error(`it ended and showed ${shown}`);
      if (event.case === 'data') shown += Buffer.from(bytesOf(event.value.output)).toString();
    }
    return shown;
  }

  /** All that is left, which must end in an end. */
  async rest(): Promise<Rest> {
    const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[], pty: [] as Uint8Array[] };
    const numbers: number[] = [];
    const gaps: Gap[] = [];
    let end: ProcessEvent_EndEvent | undefined;
    for (let event = await this.next(); event !== undefined; event = await this.next()) {
      if (end !== undefined) throw new Error('an event came after the end');
      if (event.case === 'end') end = event.value;
      if (event.case === 'gap') {
        gaps.push({ first: Number(event.value.first), last: Number(event.value.last) });
      }
      if (event.case !== 'data' || event.value.output.case === undefined) continue;
      output[event.value.output.case].push(event.value.output.value);
      numbers.push(Number(event.value.number));
    }
    if (end === undefined) throw new Error('the stream ended without an end event');
    return {
      stdout: Buffer.concat(output.stdout),
      stderr: Buffer.concat(output.stderr),
      pty: Buffer.concat(output.pty),
      numbers,
      gaps,
      end,
    };
  }

  async type(text: string | Uint8Array): Promise<void> {
    const value = typeof text === 'string' ? Buffer.from(text) : text;
    await this.#processes.sendInput({ ...this.selector, input: { input: { case: 'pty', value } } });
  }

  async kill(): Promise<void> {
    await this.#processes.sendSignal({ ...this.selector, signal: Signal.SIGKILL });
  }
}

interface Gap {
  readonly first: number;
  readonly last: number;
}

export interface Rest {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly pty: Buffer;
  /** Of the data events. */
  readonly numbers: readonly number[];
  readonly gaps: readonly Gap[];
  readonly end: ProcessEvent_EndEvent;
}

export function byPid(value: number) {
  return { process: { selector: { case: 'pid', value } } } as const;
}

export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  using limit = deadline(20_000, what);
  await until(async () => ((await condition()) ? true : undefined), 20, limit);
}

function bytesOf(output: { readonly value?: Uint8Array | undefined }): Uint8Array {
  return output.value ?? new Uint8Array();
}
