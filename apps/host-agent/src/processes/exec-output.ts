import type { ProcessEnd, ProcessEvent, ProcessOutcome } from './events.ts';

export interface CollectedOutput {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
  readonly exitCode: number;
  readonly outcome: ProcessOutcome;
}

/** The beginning of a stream, up to a bound. */
class Head {
  readonly #chunks: Uint8Array[] = [];
  #room: number;
  truncated = false;

  constructor(capBytes: number) {
    this.#room = capBytes;
  }

  add(chunk: Uint8Array): void {
    const kept = chunk.subarray(0, this.#room);
    this.truncated ||= kept.length < chunk.length;
    this.#room -= kept.length;
    if (kept.length > 0) this.#chunks.push(kept);
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

/** Reads a command to its end and keeps the first `capBytes` of each stream; the rest is read and dropped. */
export async function collectOutput(
  events: AsyncIterable<ProcessEvent>,
  capBytes: number,
): Promise<CollectedOutput> {
  const streams = { stdout: new Head(capBytes), stderr: new Head(capBytes) };
  let end: ProcessEnd = {
    kind: 'end',
    exitCode: 255,
    outcome: 'lost',
    error: 'no end was seen',
  };
  for await (const event of events) {
    if (event.kind === 'stdout' || event.kind === 'stderr') streams[event.kind].add(event.data);
    if (event.kind === 'end') end = event;
  }
  return {
    stdout: streams.stdout.bytes,
    stderr: streams.stderr.bytes,
    stdoutTruncated: streams.stdout.truncated,
    stderrTruncated: streams.stderr.truncated,
    exitCode: end.exitCode,
    outcome: end.outcome,
  };
}
