import type { Terminal, TerminalStatus, Terminals } from '@wrenn/sdk';
import type { ApiFault } from '#lib/api/fault.ts';
import { feed } from './feed.ts';
import type { Screen, ScreenSize } from './screen.ts';
import { forgetSeen, keepSeen, seenOf } from './seen.ts';
import { terminalFault } from './terminals.ts';

export type SessionState =
  /** Nobody has looked at it yet. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly way: TerminalStatus }
  | { readonly kind: 'ended'; readonly exitCode: number }
  | { readonly kind: 'failed'; readonly fault: ApiFault };

/** Which terminal: a new one, or one that runs; `view` takes no keys. */
export type Wanted =
  | { readonly kind: 'new'; readonly user: string }
  | { readonly kind: 'known'; readonly tag: string; readonly pid: number; readonly cmd: string }
  | { readonly kind: 'view'; readonly tag: string };

/** Of the connection: a page tries as long as it is open. */
const forever = Number.POSITIVE_INFINITY;
/** Keys, and what is pasted. */
const mostEarly = 1_000;
let made = 0;

/** One terminal of a capsule, as this page has it. */
export class TerminalSession {
  readonly key = `terminal-${++made}`;
  state = $state.raw<SessionState>({ kind: 'idle' });
  tag = $state('');
  pid = $state<number>();
  /** What its program says that it is. */
  title = $state('');
  readonly mode: 'edit' | 'view';
  readonly #terminals: Terminals;
  readonly #capsuleId: string;
  readonly #user: string;
  #terminal: Terminal | undefined;
  readonly #early: (string | Uint8Array)[] = [];
  /** After the last frame that is on the screen. */
  #next = 1;
  #over = new AbortController();

  constructor(terminals: Terminals, capsuleId: string, wanted: Wanted) {
    this.#terminals = terminals;
    this.#capsuleId = capsuleId;
    this.mode = wanted.kind === 'view' ? 'view' : 'edit';
    this.#user = wanted.kind === 'new' ? wanted.user : '';
    if (wanted.kind !== 'new') this.tag = wanted.tag;
    if (wanted.kind === 'known') {
      this.pid = wanted.pid;
      this.title = wanted.cmd.split('/').at(-1) ?? '';
    }
  }

  /** Connects, and shows what is printed until the program has ended or the way to it is lost. Never rejects. */
  async show(screen: Screen): Promise<void> {
    const over = new AbortController();
    this.#over.abort();
    this.#over = over;
    this.state = { kind: 'connecting' };
    try {
      const terminal = await this.#connect(screen, over.signal);
      if (over.signal.aborted) return terminal.close();
      this.#terminal = terminal;
      this.tag = terminal.tag;
      this.pid = terminal.pid;
      this.state = { kind: 'open', way: 'connected' };
      if (this.mode === 'edit') terminal.resize(screen.size.cols, screen.size.rows);
      for (const data of this.#early.splice(0)) void terminal.write(data);
      await this.#feed(terminal, screen);
      const { exitCode } = await terminal.exited;
      this.state = { kind: 'ended', exitCode };
      forgetSeen(this.tag);
    } catch (thrown) {
      if (!over.signal.aborted) this.state = { kind: 'failed', fault: terminalFault(thrown) };
    } finally {
      if (!over.signal.aborted) this.#terminal = undefined;
    }
  }

  /** Keys that come before there is a connection go with it. */
  type(data: string | Uint8Array): void {
    if (this.#terminal !== undefined) void this.#terminal.write(data);
    else if (this.state.kind !== 'ended' && this.#early.length < mostEarly) this.#early.push(data);
  }

  resize({ cols, rows }: ScreenSize): void {
    this.#terminal?.resize(cols, rows);
  }

  /** Leaves it; its program goes on. */
  leave(): void {
    this.#over.abort();
    this.#terminal?.close();
    this.#terminal = undefined;
  }

  async #connect(screen: Screen, signal: AbortSignal): Promise<Terminal> {
    const { cols, rows } = screen.size;
    const how = {
      reconnectForMs: forever,
      onStatus: (way: TerminalStatus) => {
        if (!signal.aborted && this.state.kind === 'open') this.state = { kind: 'open', way };
      },
    };
    screen.answers = this.tag === '' ? 'given' : 'withheld';
    if (this.tag === '') {
      const user = this.#user === '' ? {} : { user: this.#user };
      return await this.#terminals.open(this.#capsuleId, { cols, rows, ...user, ...how }, { signal });
    }
    const onSize = (size: ScreenSize) => {
      if (!signal.aborted) screen.follow(size);
    };
    const wanted = { from: this.#next, mode: this.mode, ...how, onSize };
    return await this.#terminals.attach(this.#capsuleId, this.tag, wanted, { signal });
  }

  async #feed(terminal: Terminal, screen: Screen): Promise<void> {
    let seen = Math.max(seenOf(this.tag), this.#next - 1);
    await feed(terminal, screen, {
      onRead: () => {
        this.#next = terminal.given + 1;
        if (seen === 0 || terminal.given <= seen) return;
        seen = 0;
        screen.afterShown(() => {
          screen.answers = 'given';
        });
      },
      // Where it is not known what was seen it is all that was there when it was opened.
      onDrained: () => {
        screen.answers = 'given';
        keepSeen(this.tag, terminal.given);
      },
    });
  }
}
