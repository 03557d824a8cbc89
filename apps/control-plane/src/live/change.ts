import { type LiveAction, type LiveKind, liveActions, liveKinds } from '@wrenn/core/live-kinds';

/** That something is not as it was: which, not how it is now. */
export interface Change {
  readonly kind: LiveKind;
  readonly action: LiveAction;
  /** UUIDs. Undefined: nobody's in particular. */
  readonly team: string | undefined;
  readonly id: string | undefined;
  /** Of a template its name, of an operation its capsule. */
  readonly about: string | undefined;
}

/** The channel on which the database tells of changes. */
export const liveChannel = 'wrenn_live';

/** `kind action team id about`, as triggers write it; undefined for what another version of the program tells of. */
export function parseChange(payload: string): Change | undefined {
  const [kindText, actionText, team, id, about] = payload.split(' ');
  const kind = liveKinds.find((known) => known === kindText);
  const action = liveActions.find((known) => known === actionText);
  if (kind === undefined || action === undefined) return undefined;
  return { kind, action, team: present(team), id: present(id), about: present(about) };
}

function present(word: string | undefined): string | undefined {
  return word === '-' || word === '' ? undefined : word;
}

/** What several changes of the same thing come to. */
export function merged(earlier: Change | undefined, later: Change): Change {
  if (earlier === undefined || earlier.action === later.action) return later;
  if (later.action === 'removed') return later;
  return { ...later, action: earlier.action === 'removed' ? 'changed' : 'created' };
}

/** The same for all changes of one thing. */
export function keyOf({ kind, team, id, about }: Change): string {
  return `${kind} ${team} ${id ?? about}`;
}
