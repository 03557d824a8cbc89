import type { Change } from './changes.ts';
import { numbers } from './content.ts';
import type { CapsuleModel, World } from './model.ts';
import type { Random } from './random.ts';

export type Step =
  | { readonly kind: 'create'; readonly template: string | undefined }
  | { readonly kind: 'change'; readonly id: string; readonly change: Change }
  | { readonly kind: 'pause' | 'resume' | 'destroy'; readonly id: string }
  | { readonly kind: 'fork'; readonly id: string; readonly count: number }
  | { readonly kind: 'snapshot' | 'checkpoint'; readonly id: string; readonly name: string }
  | { readonly kind: 'delete snapshot'; readonly name: string };

export type Fault =
  | {
      readonly kind: 'kill agent' | 'kill control plane' | 'kill machine' | 'disconnect';
      readonly afterMs: number;
    }
  | { readonly kind: 'fill disk' };

const mostCapsules = 5;
const mostSnapshots = 4;
const mostFiles = 6;
const mostFilesInMemory = 2;
const faultChance = 0.3;

type Choice = { readonly weight: number; readonly value: () => Step };

/** What to do next: only what the model allows. */
export function chooseStep(world: World, random: Random): Step {
  const choices = [...creations(world, random)];
  const running = world.withStatus('running');
  if (running.length > 0) choices.push(...insideOne(random.pick(running), random));
  const paused = world.withStatus('paused');
  const [one] = paused.length > 0 ? [random.pick(paused)] : [];
  if (one !== undefined) choices.push({ weight: 14, value: () => ({ kind: 'resume', id: one.id }) });
  const all = [...world.capsules.values()];
  if (all.length > 0) choices.push(...ofOne(world, random.pick(all), random));
  const names = [...world.snapshots.keys()];
  if (names.length > 0) {
    choices.push({ weight: 2, value: () => ({ kind: 'delete snapshot', name: random.pick(names) }) });
  }
  return random.weighted(choices)();
}

export function chooseFault(step: Step, world: World, random: Random): Fault | undefined {
  if (!random.chance(faultChance)) return undefined;
  const afterMs = random.whole(0, 400);
  const weights: { weight: number; value: Fault }[] = [
    { weight: 4, value: { kind: 'kill agent', afterMs } },
    { weight: 3, value: { kind: 'kill control plane', afterMs } },
    { weight: 3, value: { kind: 'disconnect', afterMs } },
  ];
  if (world.withStatus('running').length > 0)
    weights.push({ weight: 2, value: { kind: 'kill machine', afterMs } });
  const isCopy = ['pause', 'fork', 'checkpoint', 'snapshot'].includes(step.kind);
  const isRunning = 'id' in step && world.capsules.get(step.id)?.status === 'running';
  if (isCopy && isRunning) weights.push({ weight: 5, value: { kind: 'fill disk' } });
  return random.weighted(weights);
}

function creations(world: World, random: Random): Choice[] {
  if (world.capsules.size >= mostCapsules) return [];
  const names = [...world.snapshots.keys()];
  const fresh: Choice = {
    weight: world.capsules.size === 0 ? 20 : 3,
    value: () => ({ kind: 'create', template: undefined }),
  };
  if (names.length === 0) return [fresh];
  return [fresh, { weight: 5, value: () => ({ kind: 'create', template: random.pick(names) }) }];
}

function insideOne(capsule: CapsuleModel, random: Random): Choice[] {
  const { id } = capsule;
  const filled = (folder: string) =>
    [...capsule.places].flatMap(([place, { now }]) =>
      place.startsWith(folder) && now[0] !== undefined ? [{ place, bytes: now[0].bytes }] : [],
    );
  const change = (weight: number, value: () => Change): Choice => ({
    weight,
    value: () => ({ kind: 'change', id, change: value() }),
  });
  const file = () => `disk/f${random.whole(1, mostFiles)}`;
  const written = () => ({
    place: file(),
    content: numbers(start(random), random.size(1, 2 * 1024 ** 2)),
  });
  const [onDisk, inMemory] = [filled('disk/'), filled('memory/')];
  const choices = [
    change(8, () => ({ kind: 'replace', ...written() })),
    change(6, () => ({ kind: 'overwrite', ...written() })),
    change(2, () => ({ kind: 'sync all' })),
    change(7, () => ({
      kind: random.chance(0.5) ? 'overwrite' : 'replace',
      place: `memory/m${random.whole(1, mostFilesInMemory)}`,
      content: numbers(start(random), sizeInMemory(random)),
    })),
    { weight: 12, value: (): Step => ({ kind: 'pause', id }) },
  ];
  if (onDisk.length > 0) {
    choices.push(change(5, () => ({ kind: 'sync', place: random.pick(onDisk).place })));
    choices.push(change(2, () => ({ kind: 'remove', place: random.pick(onDisk).place })));
  }
  if (inMemory.length > 0) {
    choices.push(
      change(6, () => {
        const { place, bytes } = random.pick(inMemory);
        return { kind: 'overwrite', place, content: { kind: 'zeros', bytes } };
      }),
    );
    choices.push(change(1, () => ({ kind: 'remove', place: random.pick(inMemory).place })));
  }
  return choices;
}

/** What can be done to a capsule that runs, and to one that is paused. */
function ofOne(world: World, { id }: CapsuleModel, random: Random): Choice[] {
  const choices: Choice[] = [];
  const room = mostCapsules - world.capsules.size;
  if (room > 0)
    choices.push({
      weight: 5,
      value: () => ({ kind: 'fork', id, count: random.whole(1, Math.min(3, room)) }),
    });
  choices.push({
    weight: world.capsules.size >= mostCapsules ? 6 : 2,
    value: () => ({ kind: 'destroy', id }),
  });
  if (world.snapshots.size < mostSnapshots) {
    const name = () => `s${random.whole(1, 999_999)}-${world.snapshots.size}`;
    choices.push({ weight: 4, value: () => ({ kind: 'snapshot', id, name: name() }) });
    choices.push({ weight: 3, value: () => ({ kind: 'checkpoint', id, name: name() }) });
  }
  return choices;
}

/** Mostly a few megabytes: all of it is hashed after each step, by emulated guests. */
function sizeInMemory(random: Random): number {
  const draw = () => random.size(1024 ** 2, 20 * 1024 ** 2);
  return Math.min(draw(), draw());
}

export function start(random: Random): number {
  return random.whole(100_000_000_000, 999_999_999_999);
}
