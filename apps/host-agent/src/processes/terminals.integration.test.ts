import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Activity } from '../capsules/activity.ts';
import type { ProcessEvent } from './events.ts';
import {
  killTerminal,
  type NewTerminal,
  openTerminal,
  resizeTerminal,
  typeInto,
  watchTerminal,
} from './terminals.ts';
import { type CapsuleOnThisMachine, startCapsuleOnThisMachine } from './testing/capsule-on-this-machine.ts';

let on: CapsuleOnThisMachine;
beforeAll(async () => {
  on = await startCapsuleOnThisMachine();
});
afterAll(() => on?.[Symbol.asyncDispose]());

const signal = AbortSignal.timeout(60_000);
let opened = 0;

/** Looks at a terminal through the events of `stream`. */
class Viewer {
  readonly tag: string;
  readonly #stream: AsyncGenerator<ProcessEvent, void>;
  shown = '';
  /** Of the last frame of output. */
  number = 0;

  constructor(tag: string, stream: AsyncGenerator<ProcessEvent, void>) {
    this.tag = tag;
    this.#stream = stream;
  }

  static open(script: string, more: Partial<NewTerminal> = {}): Viewer {
    opened += 1;
    const tag = `terminal-${opened}`;
    const command = { cmd: 'sh', args: ['-c', script], envs: {}, cwd: '', user: '' };
    const terminal = { ...command, tag, size: { cols: 80, rows: 24 }, ...more };
    return new Viewer(tag, openTerminal(on.context, on.id, terminal, signal));
  }

  watch(from: bigint | undefined): Viewer {
    return new Viewer(this.tag, watchTerminal(on.context, on.id, { tag: this.tag, from }, signal));
  }

  async next(): Promise<ProcessEvent> {
    const next = await this.#stream.next();
    if (next.done === true) throw new Error(`the stream ended after ${this.shown}`);
    if (next.value.kind === 'pty') {
      this.shown += Buffer.from(next.value.data).toString();
      this.number = next.value.number;
    }
    return next.value;
  }

  async shows(text: string): Promise<void> {
    while (!this.shown.includes(text)) await this.next();
  }

  async end(): Promise<ProcessEvent> {
    for (;;) {
      const event = await this.next();
      if (event.kind === 'end') return event;
    }
  }

  async leave(): Promise<void> {
    await this.#stream.return();
  }
}

const type = (tag: string, text: string, offset = 0n) =>
  typeInto(on.context, on.id, { tag, data: Buffer.from(text), writer: 'me', offset }, signal);

describe('a terminal', () => {
  it('shows its program, takes what is typed, and says how the program ended', async () => {
    const terminal = Viewer.open('read line; echo "[$line]"; exit 3');
    expect(await terminal.next()).toMatchObject({ kind: 'start', pid: expect.any(Number) });
    await type(terminal.tag, 'hello\n');
    expect(await terminal.end()).toMatchObject({ kind: 'end', outcome: 'exited', exitCode: 3 });
    expect(terminal.shown).toContain('[hello]');
  });

  it('goes on without its viewer, and is shown from the frame that is asked for', async () => {
    const terminal = Viewer.open('echo one; read line; echo two; read line; echo three');
    await terminal.shows('one');
    const seen = terminal.number;
    await terminal.leave();
    await type(terminal.tag, '\n');
    const again = terminal.watch(BigInt(seen + 1));
    await again.shows('two');
    expect(again.shown).not.toContain('one');
    const third = terminal.watch(1n);
    await type(terminal.tag, '\n', 1n);
    expect(await again.end()).toMatchObject({ outcome: 'exited', exitCode: 0 });
    await third.end();
    expect(third.shown).toMatch(/one.*two.*three/s);
  });

  it('has the size that it was opened with, and the one that it is given', async () => {
    const terminal = Viewer.open(
      'stty size; trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.02; done',
    );
    await terminal.shows('ready');
    expect(terminal.shown).toContain('24 80');
    await resizeTerminal(on.context, on.id, { tag: terminal.tag, size: { cols: 101, rows: 33 } }, signal);
    await terminal.shows('33 101');
    await terminal.end();
  });

  it('is killed', async () => {
    const terminal = Viewer.open('sleep 1000');
    await terminal.next();
    await killTerminal(on.context, on.id, terminal.tag, signal);
    expect(await terminal.end()).toMatchObject({ outcome: 'killed', exitCode: 137 });
  });

  it('is a use of its capsule whenever it is typed into, resized, or shows something', async () => {
    let now = 0;
    const activity = new Activity(() => now);
    Object.assign(on.capsule, { activity });
    const terminal = Viewer.open('echo ready; read line; echo done; read line');
    await terminal.shows('ready');
    const uses = [
      () => type(terminal.tag, '\n'),
      () => terminal.shows('done'),
      () => resizeTerminal(on.context, on.id, { tag: terminal.tag, size: { cols: 9, rows: 9 } }, signal),
      () => killTerminal(on.context, on.id, terminal.tag, signal),
    ];
    for (const use of uses) {
      now += 1000;
      expect(activity.idleMs()).toBe(1000);
      await use();
      expect(activity.idleMs()).toBe(0);
    }
    await terminal.end();
  });
});

describe('a fault', () => {
  it('of a program that is not there names the field', async () => {
    const terminal = Viewer.open('', { cmd: 'no-such-program', args: [] });
    await expect(terminal.next()).rejects.toMatchObject({ code: 'invalid_request', field: 'cmd' });
  });

  it('of a user that is not there is one of the request', async () => {
    await expect(Viewer.open('true', { user: 'nobody-of-this-name' }).next()).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it('of a terminal that is not there says so, whatever is done to it', async () => {
    const tag = 'none';
    const notThere = { code: 'not_found' };
    const watched = watchTerminal(on.context, on.id, { tag, from: undefined }, signal);
    await expect(watched.next()).rejects.toMatchObject(notThere);
    await expect(type(tag, 'x')).rejects.toMatchObject(notThere);
    const size = { cols: 80, rows: 24 };
    await expect(resizeTerminal(on.context, on.id, { tag, size }, signal)).rejects.toMatchObject(notThere);
    await expect(killTerminal(on.context, on.id, tag, signal)).rejects.toMatchObject(notThere);
  });

  it('of input with a part missing says what never came', async () => {
    const terminal = Viewer.open('cat');
    await terminal.next();
    await type(terminal.tag, 'ab');
    await expect(type(terminal.tag, 'x', 9n)).rejects.toMatchObject({ code: 'invalid_state' });
    await killTerminal(on.context, on.id, terminal.tag, signal);
    await terminal.end();
  });

  it('of a capsule on its way to disk is that it is busy', async () => {
    const { capsule } = on;
    const { record } = capsule;
    capsule.record = { ...record, phase: 'pausing' };
    try {
      await expect(Viewer.open('true').next()).rejects.toMatchObject({ code: 'busy' });
      await expect(type('any', 'x')).rejects.toMatchObject({ code: 'busy' });
    } finally {
      capsule.record = record;
    }
  });
});
