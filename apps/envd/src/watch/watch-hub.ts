import type { MessageInitShape } from '@bufbuild/protobuf';
import { WrennError } from '@wrenn/core';
import type { EventType, FilesystemEventSchema } from '@wrenn/protocol/filesystem';
import { type Entry, entryAt } from '../filesystem/entry-info.ts';
import type { Accounts } from '../users/accounts.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { EventBudget, EventQueue } from './event-queue.ts';
import { InotifyReader } from './inotify-reader.ts';
import type { WatchSpec } from './watch-spec.ts';

export type WatchEvent = MessageInitShape<typeof FilesystemEventSchema>;

export interface WatchOrder extends WatchSpec {
  readonly entries: 'included' | 'left out';
}

/** A watch that runs, and its events. */
export interface RunningWatch extends Disposable {
  readonly events: EventQueue<WatchEvent>;
}

/** All watches of the daemon, which share what the kernel gives and what may wait for slow readers. */
export class WatchHub {
  readonly #accounts: Accounts;
  readonly #reader = new InotifyReader();
  readonly #budget = new EventBudget();

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** Every change from now on is told. Throws as `DirectoryWatch.start`. The caller disposes of it. */
  async watch(order: WatchOrder): Promise<RunningWatch> {
    const events = new EventQueue<WatchEvent>(this.#budget, order.entries === 'included' ? 'entry' : 'name');
    const watch = await DirectoryWatch.start(this.#reader, order, {
      push: (type, name) => {
        try {
          events.push(this.#describe(order, type, name));
        } catch (thrown) {
          events.fail(WrennError.from(thrown, `looking at '${name}' in '${order.path}'`));
        }
      },
      fail: (fault) => events.fail(fault),
    });
    return {
      events,
      [Symbol.dispose]: () => {
        watch.close();
        events.close();
      },
    };
  }

  #describe({ path, account, entries }: WatchOrder, type: EventType, name: string): WatchEvent {
    if (entries === 'left out') return { type, name };
    const entry = this.#entryAt(name === '.' ? path : `${path}/${name}`, account);
    return { type, name, ...(entry === undefined ? {} : { entry }) };
  }

  /** As it is now: undefined when it is gone already, or out of the user's sight. */
  #entryAt(path: string, account: WatchSpec['account']): Entry | undefined {
    try {
      return entryAt(path, account, this.#accounts.names());
    } catch (thrown) {
      if (thrown instanceof WrennError && unseen.includes(thrown.code)) return undefined;
      throw thrown;
    }
  }
}

const unseen: readonly string[] = ['not_found', 'forbidden', 'invalid_request'];
