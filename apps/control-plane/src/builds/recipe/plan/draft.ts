import type { Arg, Copy, Instruction, Position } from '../instruction.ts';
import type { Plan, PlannedStage, StageBase, Start, Step } from './plan.ts';
import type { Reference } from './references.ts';
import { withShells } from './shells.ts';
import type { WrittenStage } from './stages.ts';
import { startAfter } from './start-command.ts';

export interface NeededStage {
  /** In the recipe. */
  readonly number: number;
  readonly stage: WrittenStage;
  /** Without it the default. */
  readonly base?: Reference;
  readonly copies: ReadonlyMap<Copy, Reference>;
}

/** How a stage ends: what one that is based on it goes on from. */
interface Outcome {
  readonly index: number;
  readonly shell?: readonly string[];
  readonly start: Start;
  readonly healthcheck: Plan['healthcheck'];
}

const inherited: Start = { entrypoint: 'inherited', command: 'inherited' };

/** A plan as it grows, stage by stage. */
export class Draft {
  readonly #resolveArg: (arg: Arg) => Arg;
  readonly #stages: PlannedStage[] = [];
  /** By the number of the stage in the recipe. */
  readonly #outcomes = new Map<number, Outcome>();
  /** The stages that are an image or a template and nothing else, by what they are. */
  readonly #sources = new Map<string, number>();

  constructor(resolveArg: (arg: Arg) => Arg) {
    this.#resolveArg = resolveArg;
  }

  add({ number, stage, base, copies }: NeededStage): void {
    const parent = base?.kind === 'written' ? this.#outcomes.get(base.number) : undefined;
    const { instructions, shell } = withShells(stage.instructions, parent?.shell);
    const steps = instructions.flatMap((instruction) => this.#stepsOf(instruction, copies));
    const name = stage.from?.name;
    this.#stages.push({ base: this.#baseOf(base, stage), steps, ...(name === undefined ? {} : { name }) });
    const check = instructions.findLast((instruction) => instruction.kind === 'healthcheck');
    this.#outcomes.set(number, {
      index: this.#stages.length - 1,
      start: startAfter(parent?.start ?? inherited, instructions),
      healthcheck: check?.check ?? parent?.healthcheck ?? 'inherited',
      ...(shell === undefined ? {} : { shell }),
    });
  }

  /** The plan of what was added, the last of which is the target. */
  finish(): Plan {
    const last = [...this.#outcomes.values()].at(-1);
    return {
      stages: this.#stages,
      start: last?.start ?? inherited,
      healthcheck: last?.healthcheck ?? 'inherited',
    };
  }

  #baseOf(base: Reference | undefined, { from }: WrittenStage): StageBase {
    if (base === undefined || from === undefined) return { kind: 'default' };
    if (base.kind !== 'written') return { ...base, position: from.position };
    return { kind: 'stage', index: this.#outcomes.get(base.number)?.index ?? 0 };
  }

  #stepsOf(instruction: Instruction, copies: NeededStage['copies']): readonly Step[] {
    switch (instruction.kind) {
      case 'arg':
        return [this.#resolveArg(instruction)];
      case 'copy': {
        const { from: _, ...copy } = instruction;
        const source = copies.get(instruction);
        return [source === undefined ? copy : { ...copy, from: this.#indexOf(source, instruction.position) }];
      }
      case 'env':
      case 'run':
      case 'user':
      case 'workdir':
      case 'expose':
        return [instruction];
      // The draft has seen to these, and a note is no step.
      case 'from':
      case 'shell':
      case 'start':
      case 'entrypoint':
      case 'cmd':
      case 'healthcheck':
      case 'note':
        return [];
    }
  }

  /** The stage that files are copied from; an image or template becomes one that does nothing. */
  #indexOf(source: Reference, position: Position): number {
    if (source.kind === 'written') return this.#outcomes.get(source.number)?.index ?? 0;
    const key = JSON.stringify(source);
    const index =
      this.#sources.get(key) ?? this.#stages.push({ base: { ...source, position }, steps: [] }) - 1;
    this.#sources.set(key, index);
    return index;
  }
}
