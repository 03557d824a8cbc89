import { deadline, until } from '@wrenn/core';
import { expect, it } from 'vitest';
import { capsule, client } from '../support/client.ts';
import { daemonOf } from '../support/guest.ts';

/** Each is a pause and a resume; `WRENN_TEST_CYCLES=50` is the whole run. */
const cycles = Number(process.env['WRENN_TEST_CYCLES'] ?? 10);
const counter = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done';

/** Starts it for others to read; its client leaves at once. */
async function start(id: string, tag: string): Promise<void> {
  const { processes } = await daemonOf(id);
  const process = { cmd: 'sh', args: ['-c', counter] };
  for await (const { event } of processes.start({ process, tag, stdin: false })) {
    if (event?.event.case === 'start') return;
  }
}

/** What a client has seen of a process, over all of its connections. */
class Reader {
  text = '';
  last = 0n;
  readonly gaps: unknown[] = [];
  /** Aborting it leaves the connection, as a client does whose capsule went away. */
  #leave = new AbortController();
  #reading: Promise<void> = Promise.resolve();
  readonly #id: string;
  readonly #tag: string;

  constructor(id: string, tag: string) {
    this.#id = id;
    this.#tag = tag;
  }

  /** Goes on after the last frame that was seen. */
  async connect(): Promise<void> {
    const { processes } = await daemonOf(this.#id);
    this.#leave = new AbortController();
    const selector = { selector: { case: 'tag', value: this.#tag } } as const;
    const stream = processes.connect(
      { process: selector, from: this.last + 1n },
      { signal: this.#leave.signal },
    );
    this.#reading = this.#read(stream).catch((thrown: unknown) => {
      if (!this.#leave.signal.aborted) throw thrown;
    });
  }

  async leave(): Promise<void> {
    this.#leave.abort();
    await this.#reading;
  }

  /** Reads so many frames more. */
  async sees(frames: bigint): Promise<void> {
    const goal = this.last + frames;
    using limit = deadline(30_000, `reading up to frame ${goal}`);
    await until(() => (this.last >= goal ? true : undefined), 10, limit);
  }

  async #read(
    stream: ReturnType<Awaited<ReturnType<typeof daemonOf>>['processes']['connect']>,
  ): Promise<void> {
    for await (const { event } of stream) {
      if (event?.event.case === 'gap') this.gaps.push(event.event.value);
      if (event?.event.case !== 'data') continue;
      const { output, number } = event.event.value;
      if (number !== this.last + 1n) this.gaps.push({ after: this.last, came: number });
      this.last = number;
      this.text += Buffer.from(output.value ?? []).toString();
    }
  }
}

it(`a reader that reconnects with its last number misses and repeats nothing over ${cycles} pauses`, {
  timeout: 60_000 + cycles * 20_000,
}, async () => {
  await using one = await capsule();
  const { capsules } = client();
  await start(one.id, 'counter');
  const reader = new Reader(one.id, 'counter');
  await reader.connect();
  for (let cycle = 0; cycle < cycles; cycle++) {
    await reader.sees(3n);
    // Half of the time it reads while its capsule is being paused, half of the time nobody does.
    if (cycle % 2 === 1) await reader.leave();
    await capsules.pause(one.id);
    await reader.leave();
    await capsules.resume(one.id);
    await reader.connect();
  }
  await reader.sees(3n);
  await reader.leave();
  expect(reader.gaps).toEqual([]);
  const lines = reader.text.split('\n').slice(0, -1);
  expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
  expect(lines.length).toBeGreaterThanOrEqual(3 * (cycles + 1));
});
