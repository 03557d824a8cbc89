import type {
  Arg,
  Command,
  Copy,
  Env,
  Expose,
  Healthcheck,
  Position,
  Run,
  User,
  Workdir,
} from '../instruction.ts';
import type { NamedBase } from './base.ts';

/** A COPY whose `--from` is one of the plan's stages. */
export type PlannedCopy = Omit<Copy, 'from'> & { readonly from?: number };

/** What is done in a stage, one after the other. An ARG has its value here, or none when nobody gives it one. */
export type Step = Arg | Env | Run | PlannedCopy | User | Workdir | Expose;

export type StageBase =
  /** The one before it, by index, with that one's environment, arguments, user and folder. */
  | { readonly kind: 'stage'; readonly index: number }
  | (NamedBase & { readonly position: Position })
  /** What a recipe without FROM is based on. */
  | { readonly kind: 'default' };

export interface PlannedStage {
  readonly name?: string;
  readonly base: StageBase;
  readonly steps: readonly Step[];
}

/** What runs in a capsule from the start on. `inherited` is what the last stage's base has. */
export interface Start {
  readonly entrypoint: Command | 'inherited';
  readonly command: Command | 'inherited';
}

/** What has to be done for one stage, which is the last: only the stages that it needs, each after what it needs. */
export interface Plan {
  readonly stages: readonly PlannedStage[];
  readonly start: Start;
  readonly healthcheck: Healthcheck | 'none' | 'inherited';
}

export interface PlanRequest {
  /** Values for ARG, by name. */
  readonly args: Readonly<Record<string, string>>;
  /** The stage to build, by name or number; without it the last. */
  readonly target?: string;
}
