import type { BuildId } from '@wrenn/core';
import { uuidFromId } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../../db/database.ts';
import type { BuildEntryKind } from '../../db/schema.ts';

/** What a step is, before it is done. */
export interface StepBegin {
  readonly phase: Phase;
  readonly line: number;
  readonly text: string;
}

export interface StepEnd {
  readonly ok: boolean;
  readonly elapsedMs: number;
  /** Taken from an earlier build. */
  readonly cached: boolean;
  /** Of a command. */
  readonly exit?: number;
}

export type Phase = 'base' | 'pre-build' | 'recipe' | 'post-build' | 'start';

/** Of what one step writes. A program that writes without end must not fill the database. */
const mostStepBytes = 1024 * 1024;
const mostBuildBytes = 16 * 1024 * 1024;
/** Output is written together that comes within this time, or when it is this much. */
const gatherMs = 200;
const gatherBytes = 32 * 1024;

type Gathered = { readonly name: 'stdout' | 'stderr'; text: string };

/** The log of a build that runs: entries with a number each, in order, so that whoever follows it misses none. */
export class BuildLog implements AsyncDisposable {
  readonly #database: Queryable;
  readonly #id: BuildId;
  #seq: number;
  #step = 0;
  #stepBytes = 0;
  #buildBytes = 0;
  #gathered: Gathered[] = [];
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  private constructor(database: Queryable, id: BuildId, seq: number) {
    this.#database = database;
    this.#id = id;
    this.#seq = seq;
  }

  /** Goes on where an earlier attempt stopped. */
  static async open(database: Queryable, id: BuildId): Promise<BuildLog> {
    const { last } = await database
      .selectFrom('build_log')
      .select(sql<number>`coalesce(max(seq), 0)`.as('last'))
      .where('build_id', '=', uuidFromId(id))
      .executeTakeFirstOrThrow();
    return new BuildLog(database, id, last);
  }

  async begin(step: number, begin: StepBegin): Promise<void> {
    await this.#flush();
    this.#step = step;
    this.#stepBytes = 0;
    await this.#write('begin', begin);
  }

  async end({ elapsedMs, ...end }: StepEnd): Promise<void> {
    for (const name of ['stdout', 'stderr'] as const) {
      // Of a character whose end never came; the next step begins anew.
      const text = this.#decoders[name].decode();
      if (text !== '') this.#gathered.push({ name, text });
    }
    await this.#flush();
    await this.#write('end', { ...end, elapsed_ms: elapsedMs });
  }

  async note(text: string): Promise<void> {
    await this.#flush();
    await this.#write('note', { text });
  }

  /** Waits for the database when output comes faster than it takes it. */
  async output(name: 'stdout' | 'stderr', bytes: Buffer): Promise<void> {
    const room = Math.min(mostStepBytes - this.#stepBytes, mostBuildBytes - this.#buildBytes);
    if (room <= 0) return;
    const taken = bytes.subarray(0, room);
    this.#stepBytes += taken.length;
    this.#buildBytes += taken.length;
    const cut = taken.length < bytes.length ? '\n[what follows is not kept]\n' : '';
    // A NUL is no text for PostgreSQL.
    const text = (this.#decoders[name].decode(taken, { stream: true }) + cut).replaceAll('\0', '\ufffd');
    const last = this.#gathered.at(-1);
    if (last?.name === name) last.text += text;
    else this.#gathered.push({ name, text });
    const size = this.#gathered.reduce((sum, each) => sum + each.text.length, 0);
    if (size >= gatherBytes) await this.#flush();
    else this.#timer ??= setTimeout(() => void this.#flush().catch(() => undefined), gatherMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush();
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const gathered = this.#gathered;
    this.#gathered = [];
    for (const { name, text } of gathered) if (text !== '') void this.#write(name, { text });
    return this.#last;
  }

  /** One after the other: a reader who has seen a number has seen all before it. */
  #write(kind: BuildEntryKind, body: object): Promise<void> {
    this.#seq += 1;
    const values = {
      build_id: uuidFromId(this.#id),
      seq: this.#seq,
      step: this.#step,
      kind,
      body: JSON.stringify(body),
    };
    const written = this.#last.then(async () => {
      await this.#database.insertInto('build_log').values(values).execute();
    });
    this.#last = written;
    // Whoever waits next hears of it.
    written.catch(() => undefined);
    return written;
  }
}
