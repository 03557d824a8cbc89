import type { WrennError } from '@wrenn/core';
import type { EventType } from '@wrenn/protocol/filesystem';
import type { Account } from '../users/accounts.ts';
import type { OpenRules } from './open-directory.ts';

export interface WatchSpec {
  readonly path: string;
  readonly account: Account;
  /** `all`: what is below too, in directories that are there and those that come. Symbolic links are not followed. */
  readonly depth: 'one' | 'all';
  readonly networkMount: OpenRules['networkMount'];
}

/** Where changes go to, as they are found. Neither may throw. */
export interface ChangeSink {
  /** `name` is relative to the watched directory; that itself is `.`. */
  push(type: EventType, name: string): void;
  /** No further change will come. */
  fail(fault: WrennError): void;
}
