import { Loaded } from '#lib/api/loaded.svelte.ts';
import { live } from '#lib/live/live.svelte.ts';
import type { CapsuleCalls } from './calls.ts';
import type { Capsule } from './capsule.ts';
import { Deeds } from './deeds.svelte.ts';

/** The capsule that a page is of, as it changes, and what can be done to it. */
export class CapsuleView {
  readonly id: string;
  readonly calls: CapsuleCalls;
  readonly deeds: Deeds;
  readonly loaded: Loaded<Capsule>;

  constructor(calls: CapsuleCalls, id: string) {
    this.id = id;
    this.calls = calls;
    this.loaded = new Loaded((signal) => calls.get(id, signal));
    const onChange = (capsule: Capsule) => this.loaded.set(capsule);
    this.deeds = new Deeds(calls, { onChange, onDestroyed: onChange });
  }

  /** Only for what is drawn when it is there, as the tabs are. */
  get capsule(): Capsule {
    const { value } = this.loaded;
    if (value === undefined) throw new TypeError(`capsule ${this.id} is not loaded`);
    return value;
  }

  /** What is being done to it here, or else what it is. */
  get state(): string {
    return this.deeds.during(this.id) ?? this.capsule.status;
  }

  /** Until the returned function is called. */
  follow(): () => void {
    return live.listen({
      kinds: ['capsule'],
      onChange: (_, { id, capsule }) => {
        if (id !== this.id) return;
        if (capsule === undefined) void this.loaded.reload();
        else this.loaded.set(capsule as Capsule);
      },
      onResync: () => void this.loaded.reload(),
    });
  }
}
