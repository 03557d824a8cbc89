import { answered, api } from '#lib/api/client.ts';
import { type ApiFault, asFault } from '#lib/api/fault.ts';
import { areaPath } from '#lib/capsules/area-path.ts';
import type { CapsuleArea } from '#lib/capsules/capsule.ts';
import { forgetSeen } from './seen.ts';
import { TerminalSession } from './terminal-session.svelte.ts';
import { terminalsOf } from './terminals.ts';

/** As the API names terminals; other processes have other tags. */
const terminalTag = /^pty-/;

/** The terminals of a capsule: those that run, and those that ended while this page showed them. */
export class SessionList {
  sessions = $state.raw<readonly TerminalSession[]>([]);
  /** Of the session that is in sight. */
  current = $state<string>();
  state = $state.raw<
    { readonly kind: 'unread' | 'reading' | 'ready' } | { readonly kind: 'failed'; readonly fault: ApiFault }
  >({ kind: 'unread' });
  readonly #area: CapsuleArea;
  readonly #capsuleId: string;
  readonly #terminals;

  constructor(area: CapsuleArea, capsuleId: string) {
    this.#area = area;
    this.#capsuleId = capsuleId;
    this.#terminals = terminalsOf(area);
  }

  get shown(): TerminalSession | undefined {
    return this.sessions.find(({ key }) => key === this.current);
  }

  /** Finds those that run; `tag` is the one to show, if it is among them. Never rejects. */
  async read(tag: string | null): Promise<void> {
    if (this.state.kind === 'reading') return;
    this.state = { kind: 'reading' };
    try {
      const path = { id: this.#capsuleId };
      const { processes } = await answered(
        api.GET(areaPath(this.#area, '/v1/capsules/{id}/processes'), { params: { path } }),
      );
      const known = new Set(this.sessions.map((session) => session.tag));
      const found = processes
        .filter((process) => terminalTag.test(process.tag ?? '') && !known.has(process.tag ?? ''))
        .toSorted((a, b) => a.pid - b.pid)
        .map(({ tag: each = '', pid, cmd }) => this.#session({ kind: 'known', tag: each, pid, cmd }));
      this.sessions = [...this.sessions, ...found];
      const wanted = this.sessions.find((session) => session.tag === tag) ?? this.sessions[0];
      this.current ??= wanted?.key;
      this.state = { kind: 'ready' };
    } catch (thrown) {
      this.state = { kind: 'failed', fault: asFault(thrown) };
    }
  }

  open(user: string): void {
    this.#add(this.#session({ kind: 'new', user }));
  }

  /** To look on at one terminal, whoever types into it. */
  look(tag: string): void {
    this.#add(this.#session({ kind: 'view', tag }));
  }

  show(session: TerminalSession): void {
    this.current = session.key;
  }

  /** Ends the program, and puts its tab away. */
  async close(session: TerminalSession): Promise<void> {
    const { kind } = session.state;
    if (session.mode === 'edit' && session.tag !== '' && kind !== 'ended') await this.#kill(session.tag);
    const at = this.sessions.indexOf(session);
    this.sessions = this.sessions.filter((each) => each !== session);
    forgetSeen(session.tag);
    if (this.current === session.key) this.current = this.sessions[Math.max(0, at - 1)]?.key;
  }

  async #kill(selector: string): Promise<void> {
    const { response, error } = await api.DELETE(
      areaPath(this.#area, '/v1/capsules/{id}/processes/{selector}'),
      { params: { path: { id: this.#capsuleId, selector } } },
    );
    // It may have ended by itself.
    if (response.status !== 404) await answered(Promise.resolve({ response, error }));
  }

  #add(session: TerminalSession): void {
    this.sessions = [...this.sessions, session];
    this.current = session.key;
  }

  #session(wanted: ConstructorParameters<typeof TerminalSession>[2]): TerminalSession {
    return new TerminalSession(this.#terminals, this.#capsuleId, wanted);
  }
}
