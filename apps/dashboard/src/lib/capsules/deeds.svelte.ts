import { SvelteMap } from 'svelte/reactivity';
import { confirming } from '#lib/confirm/confirm.svelte.ts';
import { duration } from '#lib/format/amounts.ts';
import { notices } from '#lib/notices/notices.svelte.ts';
import type { CapsuleCalls } from './calls.ts';
import type { Capsule } from './capsule.ts';
import { nameOf } from './metadata.ts';
import { type Operation, operations, whyNot } from './operations.ts';

/** An operation that a dialog asks more of: a name, a number. */
export interface Asking {
  readonly operation: 'snapshot' | 'checkpoint' | 'fork';
  readonly capsule: Capsule;
}

/** What people do to capsules on a page: what is asked, what is under way, and what came of it. */
export class Deeds {
  asking = $state.raw<Asking>();
  readonly #calls: CapsuleCalls;
  /** By ID of a capsule; shown in place of its state. */
  readonly #under = new SvelteMap<string, Operation>();
  readonly #onChange: (capsule: Capsule) => void;
  readonly #onDestroyed: (capsule: Capsule) => void;

  constructor(
    calls: CapsuleCalls,
    tell: { readonly onChange: (capsule: Capsule) => void; readonly onDestroyed: (capsule: Capsule) => void },
  ) {
    this.#calls = calls;
    this.#onChange = tell.onChange;
    this.#onDestroyed = tell.onDestroyed;
  }

  /** What is being done to the capsule, as a state. */
  during(id: string): string | undefined {
    const operation = this.#under.get(id);
    return operation && operations[operation].during;
  }

  whyNot(operation: Operation, { id, status }: Capsule): string | undefined {
    return whyNot(operation, status, this.during(id));
  }

  /** Begins it, or asks first for what it takes. */
  start(operation: Operation, capsule: Capsule): void {
    if (operation === 'destroy') this.#askDestroy(capsule);
    else if (operation === 'pause' || operation === 'resume') void this.#change(operation, capsule);
    else this.asking = { operation, capsule };
  }

  /** Does it and keeps its fault for whoever shows it. The capsule is shown as what is being done to it meanwhile. */
  async run<Answer>(operation: Operation, { id }: Capsule, call: () => Promise<Answer>): Promise<Answer> {
    this.#under.set(id, operation);
    try {
      return await call();
    } finally {
      this.#under.delete(id);
    }
  }

  async pause(capsule: Capsule): Promise<number> {
    const begun = performance.now();
    this.#onChange(await this.run('pause', capsule, () => this.#calls.pause(capsule.id)));
    return performance.now() - begun;
  }

  async destroy(capsule: Capsule): Promise<void> {
    await this.run('destroy', capsule, () => this.#calls.destroy(capsule.id));
    this.#onDestroyed({ ...capsule, status: 'stopped' });
  }

  async #change(operation: 'pause' | 'resume', capsule: Capsule): Promise<void> {
    const begun = performance.now();
    const { label, done } = operations[operation];
    try {
      this.#onChange(await this.run<Capsule>(operation, capsule, () => this.#calls[operation](capsule.id)));
      notices.done(`${called(capsule)} ${done}, after ${duration(performance.now() - begun)}`);
    } catch (thrown) {
      notices.fault(`${label} ${called(capsule)}`, thrown);
    }
  }

  #askDestroy(capsule: Capsule): void {
    confirming.ask({
      title: `Destroy ${called(capsule)}?`,
      text: `${capsule.id}, with its memory, programs and files. Snapshots of it stay. This cannot be undone.`,
      action: 'Destroy',
      deed: async () => {
        await this.destroy(capsule);
        notices.done(`${called(capsule)} is destroyed`);
      },
    });
  }
}

/** As notices and questions name it: short, whatever its maker called it. */
export function called(capsule: Capsule): string {
  const name = nameOf(capsule);
  return name === undefined
    ? `${capsule.id.slice(0, 11)}…`
    : name.length > 40
      ? `${name.slice(0, 40)}…`
      : name;
}
