import type { Change } from './changes.ts';
import type { CapsuleModel, Places, World } from './model.ts';
import type { Random } from './random.ts';
import type { Saboteur, Subject } from './subject.ts';

/** What is played with: the installation, its model, and how what differs is told. */
export interface Ground {
  readonly world: World;
  readonly subject: Subject;
  readonly saboteur: Saboteur;
  /** What is waited for takes this part of the usual time. */
  readonly pace: number;
  wait(ms: number): Promise<void>;
  /** Adds a capsule to the model. */
  adopt(id: string, places: Places, origin: string, random: Random): Promise<void>;
  /** Does a change in a capsule, again if need be. */
  redo(capsule: CapsuleModel, change: Change): Promise<void>;
  lose(what: string, capsule?: CapsuleModel): void;
  /** Ends a capsule of which nothing can be trusted any more. */
  abandon(capsule: CapsuleModel): Promise<void>;
}
