import type { Change } from './changes.ts';
import { hashOrNothing } from './model.ts';
import { Random } from './random.ts';
import { type Call, type Copies, type Saboteur, type Strike, type Subject, SubjectError } from './subject.ts';

interface FakeCapsule {
  status: 'running' | 'paused' | 'error';
  memory: Map<string, string>;
  disk: Map<string, string>;
}

/** How the fake loses data, to see whether that is noticed. */
export type Flaw = 'none' | 'pause forgets zeros' | 'killed agent halves files' | 'full disk ends capsules';

/** An installation in memory that keeps hashes in place of files. Breaks off what is under way half of the times. */
export class FakeWrenn implements Subject, Saboteur {
  readonly #capsules = new Map<string, FakeCapsule>();
  readonly #snapshots = new Map<string, FakeCapsule>();
  readonly #outcomes = new Map<string, Promise<unknown>>();
  readonly #random = new Random(7);
  readonly #flaw: Flaw;
  /** Files that were overwritten with zeros. */
  readonly #zeroed = new Set<string>();
  #ids = 0;
  #isFull = false;
  #brokenOff = new AbortController();

  constructor(flaw: Flaw = 'none') {
    this.#flaw = flaw;
  }

  async create(template: string | undefined, call: Call): Promise<string> {
    return await this.#operate(call, () =>
      this.#start(template === undefined ? fresh() : this.#kept(template)),
    );
  }

  async pause(id: string, call: Call): Promise<void> {
    await this.#operate(call, () => {
      this.#needSpace(id);
      const capsule = this.#in(id, 'running');
      capsule.status = 'paused';
      if (this.#flaw !== 'pause forgets zeros') return;
      for (const place of this.#zeroed)
        if (capsule.memory.has(place)) capsule.memory.set(place, 'what was there before');
    });
  }

  async resume(id: string, call: Call): Promise<void> {
    await this.#operate(call, () => {
      this.#in(id, 'paused').status = 'running';
    });
  }

  async fork(id: string, count: number, call: Call): Promise<Copies> {
    return await this.#operate(call, () => {
      this.#needSpace(id);
      const source = this.#find(id);
      const ids = Array.from({ length: count }, () => this.#start(source));
      return { ids, failed: [] };
    });
  }

  async checkpoint(id: string, name: string, call: Call): Promise<void> {
    await this.snapshot(id, name, call);
  }

  async snapshot(id: string, name: string, call: Call): Promise<void> {
    await this.#operate(call, () => {
      this.#needSpace(id);
      this.#snapshots.set(name, copied(this.#find(id)));
    });
  }

  async destroy(id: string, call: Call): Promise<void> {
    await this.#operate(call, () => {
      this.#capsules.delete(id);
    });
  }

  async deleteSnapshot(name: string, call: Call): Promise<void> {
    await this.#operate(call, () => {
      this.#snapshots.delete(name);
    });
  }

  status(id: string): Promise<string> {
    return Promise.resolve(this.#capsules.get(id)?.status ?? 'absent');
  }

  capsules(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map([...this.#capsules].map(([id, { status }]) => [id, status])));
  }

  snapshots(): Promise<readonly string[]> {
    return Promise.resolve([...this.#snapshots.keys()]);
  }

  async change(id: string, _number: number, change: Change, call: Call): Promise<void> {
    await this.#operate(call, () => {
      const { memory, disk } = this.#in(id, 'running');
      if (change.kind === 'overwrite' && change.content.kind === 'zeros') this.#zeroed.add(change.place);
      const all = [...memory].filter(([place]) => place.startsWith('disk/'));
      if (change.kind === 'sync all') for (const [place, hash] of all) disk.set(place, hash);
      else if (change.kind === 'sync') disk.set(change.place, memory.get(change.place) ?? '');
      else if (change.kind === 'remove') memory.delete(change.place);
      else if (this.#flaw === 'killed agent halves files' && this.#brokenOff.signal.aborted)
        memory.set('place' in change ? change.place : 'process', 'half of it');
      else
        memory.set(
          change.kind === 'remember' ? 'process' : change.place,
          hashOrNothing(change.content) ?? '',
        );
    });
  }

  fence(id: string): Promise<void> {
    this.#in(id, 'running');
    return Promise.resolve();
  }

  observe(id: string): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map(this.#in(id, 'running').memory));
  }

  strike(fault: Strike): Promise<'hit' | 'missed'> {
    if (fault.kind === 'kill machine') {
      const victim = this.#capsules.get(fault.id);
      if (victim?.status !== 'running') return Promise.resolve('missed');
      victim.status = 'error';
    } else this.#brokenOff.abort(new SubjectError('host_unavailable', 'killed', 'retryable'));
    return Promise.resolve('hit');
  }

  recovered(): Promise<void> {
    this.#brokenOff = new AbortController();
    return Promise.resolve();
  }

  fillDisk(): Promise<void> {
    this.#isFull = true;
    return Promise.resolve();
  }

  freeDisk(): Promise<void> {
    this.#isFull = false;
    return Promise.resolve();
  }

  inspectDisk(id: string, expected: ReadonlyMap<string, string | undefined>): Promise<string[]> {
    const { disk } = this.#find(id);
    return Promise.resolve(
      [...expected].flatMap(([place, hash]) => (disk.get(place) === hash ? [] : [`${place} is gone`])),
    );
  }

  /** One key has one outcome. What is broken off was done or not, and its caller hears of neither. */
  #operate<T>(call: Call, work: () => T): Promise<T> {
    const known = call.key === undefined ? undefined : this.#outcomes.get(call.key);
    if (known !== undefined) return known as Promise<T>;
    const under = Promise.resolve().then(async () => {
      const { signal: broken } = this.#brokenOff;
      await new Promise((resolve) => setTimeout(resolve, this.#random.whole(0, 3)));
      if (broken.aborted && this.#random.chance(0.5)) broken.throwIfAborted();
      const made = work();
      broken.throwIfAborted();
      return made;
    });
    if (call.key !== undefined) this.#outcomes.set(call.key, under);
    const left = new Promise<never>((_resolve, reject) => {
      call.signal?.addEventListener('abort', () => reject(call.signal?.reason as Error), { once: true });
    });
    return Promise.race([under, left]);
  }

  #start(from: FakeCapsule): string {
    this.#ids += 1;
    const id = `cap-${this.#ids}`;
    this.#capsules.set(id, { ...copied(from), status: 'running' });
    return id;
  }

  #needSpace(id: string): void {
    if (!this.#isFull) return;
    if (this.#flaw === 'full disk ends capsules') this.#find(id).status = 'error';
    throw new SubjectError('no_space', 'no space', 'final');
  }

  #kept(name: string): FakeCapsule {
    const found = this.#snapshots.get(name);
    if (found === undefined) throw new SubjectError('not_found', name, 'final');
    return found;
  }

  #find(id: string): FakeCapsule {
    const found = this.#capsules.get(id);
    if (found === undefined) throw new SubjectError('not_found', id, 'final');
    return found;
  }

  #in(id: string, status: FakeCapsule['status']): FakeCapsule {
    const found = this.#find(id);
    if (found.status !== status) throw new SubjectError('invalid_state', `${id} is ${found.status}`, 'final');
    return found;
  }
}

function fresh(): FakeCapsule {
  return { status: 'running', memory: new Map(), disk: new Map() };
}

function copied({ memory, disk, status }: FakeCapsule): FakeCapsule {
  return { status, memory: new Map(memory), disk: new Map(disk) };
}
