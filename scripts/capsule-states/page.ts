import {
  type CapsuleAction,
  type CapsuleState,
  canCapsule,
  capsuleActions,
  capsuleStates,
  nextCapsuleState,
} from '@wrenn/core';

const meanings: Readonly<Record<CapsuleState, string>> = {
  pending: 'promised a place on a host, not yet there',
  starting: 'a resume is under way',
  running: 'commands can be run in it',
  paused: 'on the disk of its host, with memory, processes and files',
  stopped: 'destroyed; the last state',
  missing: 'its host has been silent for long, so nobody knows',
  error: 'its machine failed, or never started; it can only be destroyed',
};

/** What users ask for, and what the control plane finds. */
const deeds = {
  exec: ['asked for', 'run a command'],
  ping: ['asked for', 'keep it from being paused for another timeout'],
  pause: ['asked for', 'take it to disk; a timeout, a drain and a stop of Wrenn do the same'],
  resume: ['asked for', 'let it go on; with `auto_resume` a command does the same'],
  snapshot: ['asked for', 'keep its state under a name (snapshot, checkpoint), or fork it'],
  destroy: ['asked for', 'end it for good'],
  start: ['found', 'its host begins to start it'],
  started: ['found', 'its create or resume is done'],
  find: ['found', 'its host has it running'],
  find_paused: ['found', 'its host has it paused, also after a resume that failed'],
  lose: ['found', 'its host is silent'],
  fail: ['found', 'its host has no machine and no state of it that can be used'],
} as const satisfies Readonly<Record<CapsuleAction, readonly ['asked for' | 'found', string]>>;

const head = `<!-- Made by \`npm run generate\` from packages/core/src/capsule-state.ts. -->

# States of a capsule`;

const rules = `What has an empty cell is refused with \`invalid_state\`, which names the states that allow it; \`=\` leaves the state as it
is. One operation on the state of a capsule runs at a time: a second one is answered with \`busy\`, and can be repeated; a
destroy waits for the end of the first, or is answered so too. To destroy a capsule that is \`stopped\` succeeds and does
nothing. A fault of a pause, a snapshot or a fork leaves the capsule as it was; after one of a resume it is \`paused\`, with
all that it had.`;

const enforced = `Each change of a state is one statement that asks for the states it is allowed in, so that of two changes at once one is
refused and none is lost.`;

/** docs/capsule-states.md: what each state means, and what each action makes of it. */
export function capsuleStatesPage(): string {
  const parts = [head, statesTable(), '## What can be asked for', actionsTable('asked for'), rules];
  const found = ['## What the control plane finds', actionsTable('found'), enforced];
  return `${[...parts, ...found].join('\n\n')}\n`;
}

function statesTable(): string {
  return table(
    ['state', 'meaning'],
    capsuleStates.map((state) => [`\`${state}\``, meanings[state]]),
  );
}

function actionsTable(kind: 'asked for' | 'found'): string {
  const actions = (Object.keys(capsuleActions) as CapsuleAction[]).filter((name) => deeds[name][0] === kind);
  const rows = actions.map((name) => [
    `\`${name}\``,
    deeds[name][1],
    ...capsuleStates.map((state) => cellOf(name, state)),
  ]);
  return table(['action', 'what it is', ...capsuleStates], rows);
}

/** The state it leads to, `=` where it leads to none, nothing where it is refused. */
function cellOf(action: CapsuleAction, state: CapsuleState): string {
  if (!canCapsule(action, state)) return '';
  const next = nextCapsuleState(action, state);
  return next === state ? '=' : next;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}
