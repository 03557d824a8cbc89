import { deadline } from '@wrenn/core';
import type { Change } from './changes.ts';
import { numbers } from './content.ts';
import type { Ground } from './ground.ts';
import { type Mishap, playWithFault } from './mishaps.ts';
import { type CapsuleModel, compare, type Places, World } from './model.ts';
import { applyStep, describeStep, inherited, perform, persist } from './perform.ts';
import { Random } from './random.ts';
import { chooseFault, chooseStep, type Step, start } from './steps.ts';
import { type Saboteur, type Subject, SubjectError } from './subject.ts';

export interface Loss {
  readonly cycle: number;
  readonly step: string;
  readonly what: string;
  readonly history: readonly string[];
}

export interface RunOptions {
  readonly cycles: number;
  readonly seed: number;
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal;
  /** How long to wait, of what is usual; less for a subject that does everything at once. */
  readonly pace?: number;
}

export interface Outcome {
  readonly cycles: number;
  readonly seed: number;
  /** Those that hit something, by their kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly losses: readonly Loss[];
}

/** For everything that one cycle does. */
const cycleDeadlineMs = 240_000;
const rememberedBytes = 100_001;

/** Plays one random life of an installation beside a model of it, and tells where the two differ. */
export class Run implements Ground {
  readonly world = new World();
  readonly losses: Loss[] = [];
  readonly faults: Record<string, number> = {};
  readonly subject: Subject;
  readonly saboteur: Saboteur;
  readonly #options: RunOptions;
  #cycle = 0;
  #step = 'start';

  constructor(subject: Subject, saboteur: Saboteur, options: RunOptions) {
    this.subject = subject;
    this.saboteur = saboteur;
    this.#options = options;
  }

  async play(): Promise<Outcome> {
    const { cycles, seed, signal } = this.#options;
    for (this.#cycle = 1; this.#cycle <= cycles && signal?.aborted !== true; this.#cycle += 1) {
      // A generator for each cycle, so that how often one waited for something does not change the next.
      await this.#guarded(() => this.#playCycle(new Random(seed, this.#cycle)));
    }
    this.#step = 'end';
    await this.#guarded(() => this.#finish());
    return { cycles: this.#cycle - 1, seed, faults: this.faults, losses: this.losses };
  }

  get pace(): number {
    return this.#options.pace ?? 1;
  }

  async wait(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms * this.pace));
  }

  /** Adds a capsule to the model, and starts in a fresh one the program that remembers. */
  async adopt(id: string, places: Places, origin: string, random: Random): Promise<void> {
    const capsule = this.world.add(id, places, origin);
    if (places.size > 0) return;
    const change: Change = { kind: 'remember', content: numbers(start(random), rememberedBytes) };
    await this.redo(capsule, change);
  }

  /** Does a change in a capsule again, however often it takes. */
  async redo(capsule: CapsuleModel, change: Change): Promise<void> {
    using limit = deadline(cycleDeadlineMs, 'changing a capsule');
    await persist(limit, () =>
      this.subject.change(capsule.id, this.world.nextChange(), change, { signal: limit }),
    );
    applyStep(this.world, { kind: 'change', id: capsule.id, change });
  }

  lose(what: string, capsule?: CapsuleModel): void {
    const loss = { cycle: this.#cycle, step: this.#step, what, history: capsule?.history ?? [] };
    this.losses.push(loss);
    const { seed, note } = this.#options;
    note(`LOSS with seed ${seed} in cycle ${loss.cycle} (${loss.step}): ${what}`);
    for (const line of loss.history) note(`  ${capsule?.label} ${line}`);
  }

  /** A capsule of which nothing can be trusted any more; it must not be counted twice. */
  async abandon(capsule: CapsuleModel): Promise<void> {
    this.world.capsules.delete(capsule.id);
    using limit = deadline(cycleDeadlineMs, 'destroying a capsule');
    await persist(limit, () => this.subject.destroy(capsule.id, { signal: limit }));
  }

  async #playCycle(random: Random): Promise<void> {
    const step = chooseStep(this.world, random);
    const fault = chooseFault(step, this.world, random);
    const described = describeStep(step, this.world);
    this.#step = fault === undefined ? described : `${described} while ${JSON.stringify(fault)}`;
    const began = performance.now();
    const capsule = 'id' in step ? this.world.capsules.get(step.id) : undefined;
    capsule?.history.push(`${this.#cycle}: ${this.#step}`);
    const mishap: Mishap | undefined =
      fault === undefined
        ? await this.#playWell(step, random)
        : await playWithFault(this, step, fault, random);
    if (mishap?.hit !== undefined) this.faults[mishap.hit] = (this.faults[mishap.hit] ?? 0) + 1;
    if (mishap !== undefined) capsule?.history.push(`  then ${mishap.outcome}`);
    await this.verify(random);
    const ms = Math.round(performance.now() - began);
    const outcome = mishap === undefined ? '' : `; ${mishap.outcome}`;
    this.#options.note(`${this.#cycle}/${this.#options.cycles} ${this.#step}${outcome} (${ms} ms)`);
  }

  async #playWell(step: Step, random: Random): Promise<undefined> {
    using limit = deadline(cycleDeadlineMs, step.kind);
    const made = await persist(limit, () => perform(this.subject, this.world, step, { signal: limit }));
    const places = inherited(this.world, step);
    for (const code of made.failed) this.lose(`a child was not started: ${code}`);
    for (const id of made.ids) await this.adopt(id, places, describeStep(step, this.world), random);
    applyStep(this.world, step);
  }

  /** Compares all there is with the model. */
  async verify(random: Random): Promise<void> {
    const statuses = await this.#reading(() => this.subject.capsules());
    for (const capsule of [...this.world.capsules.values()]) {
      const status = statuses.get(capsule.id) ?? 'absent';
      if (status === capsule.status) continue;
      const said = await this.#reading(() => this.subject.status(capsule.id));
      this.lose(`${capsule.label} ${capsule.id} should be ${capsule.status} and is ${said}`, capsule);
      await this.abandon(capsule);
    }
    for (const [id, status] of statuses) {
      if (this.world.capsules.has(id)) continue;
      this.lose(`capsule ${id} is ${status}, and nobody asked for it`);
      await this.subject.destroy(id, {});
    }
    const from = random.chance(0.3) ? 'disk' : 'memory';
    await Promise.all(this.world.withStatus('running').map((capsule) => this.#verifyOne(capsule, from)));
    const names = (await this.#reading(() => this.subject.snapshots())).toSorted();
    const expected = [...this.world.snapshots.keys()].toSorted();
    if (names.join() !== expected.join())
      this.lose(`snapshots should be ${expected.join()} and are ${names.join()}`);
  }

  async #verifyOne(capsule: CapsuleModel, from: 'memory' | 'disk'): Promise<void> {
    const observed = await this.#reading(() => this.subject.observe(capsule.id, from)).catch(
      (thrown: unknown) => {
        if (!(thrown instanceof SubjectError)) throw thrown;
        return thrown;
      },
    );
    const wrong =
      observed instanceof SubjectError
        ? [`does not answer: ${observed.code}: ${observed.message}`]
        : compare(capsule, observed);
    if (wrong.length === 0) return;
    this.lose(`${capsule.label} ${capsule.id}: ${wrong.join('; ')}`, capsule);
    await this.abandon(capsule);
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    using limit = deadline(cycleDeadlineMs, 'reading');
    return await persist(limit, read);
  }

  /** What goes wrong without a reason that the model knows is a loss too. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.lose(`unexpected: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      await this.saboteur.recovered();
    }
  }

  /** Everything that was kept is looked at once more, then all of it goes. */
  async #finish(): Promise<void> {
    const random = new Random(this.#options.seed, 0);
    for (const { id } of this.world.withStatus('paused'))
      await this.#playWell({ kind: 'resume', id }, random);
    await this.verify(random);
    for (const { id } of [...this.world.capsules.values()])
      await this.#playWell({ kind: 'destroy', id }, random);
    for (const template of [...this.world.snapshots.keys()]) {
      await this.#playWell({ kind: 'create', template }, random);
      await this.verify(random);
      for (const { id } of [...this.world.capsules.values()])
        await this.#playWell({ kind: 'destroy', id }, random);
      await this.#playWell({ kind: 'delete snapshot', name: template }, random);
    }
    await this.verify(random);
  }
}
