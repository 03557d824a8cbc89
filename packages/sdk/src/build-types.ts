import type { FileContent } from './files.ts';

export type BuildStatus = 'pending' | 'running' | 'success' | 'failed' | 'cancelled';

export type RecipeFormat = 'recipe' | 'dockerfile';

/**
 * `snapshot`: capsules start from the memory of the template, with all that runs in it. `image`: they boot from its disk,
 * in any shape, and nothing of what was started runs in them.
 */
export type BuildResult = 'snapshot' | 'image';

/** Why a build has no template; the message says at which step and line. */
export interface BuildError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly field?: string;
  readonly retryable: boolean;
}

/** A template that is being made, or what came of it. */
export interface Build {
  readonly id: string;
  /** Of the template. */
  readonly name: string;
  /** Of its new version. */
  readonly tags: readonly string[];
  readonly format: RecipeFormat;
  readonly baseTemplate: string;
  readonly result: BuildResult;
  readonly recipe: string;
  readonly healthcheck?: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly status: BuildStatus;
  readonly currentStep: number;
  readonly totalSteps: number;
  readonly error?: BuildError;
  readonly templateId?: string;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly completedAt?: Date;
  /** What its steps wrote last, of a build that is asked for by its ID. */
  readonly logs?: readonly BuildStep[];
}

export interface BuildStep {
  readonly step: number;
  readonly phase: string;
  /** Of the recipe; 0 for what is not in it. */
  readonly line: number;
  readonly cmd: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Of a command. */
  readonly exit?: number;
  /** Absent while it runs. */
  readonly ok?: boolean;
  /** Taken from an earlier build. */
  readonly cached?: boolean;
  readonly elapsedMs?: number;
  readonly notes: readonly string[];
}

/** Who may read images of a registry. */
export type RegistryLogin =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

export interface SubmitOptions {
  /** Of the template; one of this name has a new version when the build succeeds. */
  readonly name: string;
  /** What the new version is called, in the place of what was called so before; the name alone is `default`. */
  readonly tags?: readonly string[];
  readonly recipe: string;
  /** Default `recipe`. */
  readonly format?: RecipeFormat;
  /** A template or an image, where the recipe has no FROM; default `minimal`. */
  readonly baseTemplate?: string;
  /** The stage to build; default: the last. */
  readonly target?: string;
  /** Values for ARG. */
  readonly args?: Readonly<Record<string, string>>;
  /** As after HEALTHCHECK in a recipe. */
  readonly healthcheck?: string;
  /** Default `snapshot`. */
  readonly result?: BuildResult;
  /** Default 1. */
  readonly vcpus?: number;
  /** Default 512. */
  readonly memoryMb?: number;
  /** Without `wrenn-user`, package lists, and tidying up. */
  readonly skipPrePost?: boolean;
  /** Do every step anew. */
  readonly noCache?: boolean;
  /** For all of it; default 3600. */
  readonly timeoutSec?: number;
  /** For a RUN that does not say --timeout; default 600. */
  readonly stepTimeoutSec?: number;
  /** By host of the registry. */
  readonly credentials?: Readonly<Record<string, RegistryLogin>>;
  /** What the recipe copies from: a tar, tar.gz or zip, 100 MiB at most. A stream is sent as it comes. */
  readonly archive?: FileContent;
}

export interface ListBuildsOptions {
  /** 1 to 200; default 50. */
  readonly limit?: number;
  /** The last build of the page before. */
  readonly after?: string;
}

export interface FollowOptions {
  /** The number of the last event that was seen; default: from the beginning. */
  readonly after?: number;
}

interface InLog {
  /** Counts up through the log. */
  readonly number: number;
  readonly step: number;
  readonly at: Date;
}

export type BuildEvent =
  | (InLog & {
      readonly type: 'begin';
      readonly phase: string;
      /** Of the recipe; 0 for what is not in it. */
      readonly line: number;
      readonly text: string;
    })
  | (InLog & { readonly type: 'stdout' | 'stderr' | 'note'; readonly text: string })
  | (InLog & {
      readonly type: 'end';
      readonly ok: boolean;
      readonly elapsedMs: number;
      /** Taken from an earlier build. */
      readonly cached: boolean;
      /** Of a command. */
      readonly exit?: number;
    })
  /** The last one. */
  | { readonly type: 'over'; readonly build: Build };
