/** `recipe` is Wrenn's own language; both are read by the same rules for lines, quoting and variables. */
export type RecipeFormat = 'recipe' | 'dockerfile';

/** Where something stands in the text as submitted: both from 1, the column in UTF-16 units as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A text whose variables are not expanded yet: the base's environment is known only when it is built. */
export type Word = readonly WordPart[];

export type WordPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }
  /** `${name-word}` and `${name:-word}`. */
  | {
      readonly kind: 'fallback';
      readonly name: string;
      readonly when: 'unset' | 'unset-or-empty';
      readonly word: Word;
    }
  /** `${name+word}` and `${name:+word}`. */
  | {
      readonly kind: 'alternative';
      readonly name: string;
      readonly when: 'set' | 'set-and-not-empty';
      readonly word: Word;
    };

/** What a shell runs, or a program with its arguments. Variables in it are left to the shell. */
export type Command =
  | {
      readonly form: 'shell';
      readonly script: string /** Without it the base's, `/bin/sh -c`. */;
      readonly shell?: readonly string[];
    }
  | { readonly form: 'exec'; readonly argv: readonly string[] };

export interface Written {
  readonly position: Position;
  /** As it stands in the text, continuation lines and all; for logs. */
  readonly text: string;
}

export interface From extends Written {
  readonly kind: 'from';
  readonly base: Word;
  readonly platform?: Word;
  readonly name?: string;
}

export interface Arg extends Written {
  readonly kind: 'arg';
  readonly args: readonly { readonly name: string; readonly value?: Word }[];
}

export interface Env extends Written {
  readonly kind: 'env';
  readonly values: readonly { readonly name: string; readonly value: Word }[];
}

export interface Run extends Written {
  readonly kind: 'run';
  readonly command: Command;
  readonly timeoutMs?: number;
}

/** Several sources, and a destination that ends in `/`, make the destination a directory. */
export interface Copy extends Written {
  readonly kind: 'copy';
  readonly sources: readonly Word[];
  /** Files whose content stands in the text itself. */
  readonly files: readonly { readonly name: string; readonly content: Word }[];
  readonly destination: Word;
  /** The stage, by name or number, or else the image that the sources are in; without it they are the user's. */
  readonly from?: string;
  readonly chown?: Word;
  /** Three or four octal digits. */
  readonly chmod?: string;
}

export interface User extends Written {
  readonly kind: 'user';
  readonly user: Word;
}

export interface Workdir extends Written {
  readonly kind: 'workdir';
  readonly path: Word;
}

/** Every port of a capsule can be reached as it is: what is exposed is kept as a fact about the template. */
export interface Expose extends Written {
  readonly kind: 'expose';
  readonly ports: readonly Word[];
}

export interface Shell extends Written {
  readonly kind: 'shell';
  readonly shell: readonly string[];
}

/** START, ENTRYPOINT and CMD. */
export interface Launch extends Written {
  readonly kind: 'start' | 'entrypoint' | 'cmd';
  readonly command: Command;
}

export interface Healthcheck {
  readonly command: Command;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  /** Between checks in the start period; without it as in any other time. */
  readonly startIntervalMs?: number;
  /** 0 is for ever. */
  readonly retries: number;
}

export interface Check extends Written {
  readonly kind: 'healthcheck';
  readonly check: Healthcheck | 'none';
}

/**
 * What a capsule knows nothing of and nobody misses: labels and the maintainer are remarks, and a capsule is never
 * stopped by a signal to one process.
 */
export interface Note extends Written {
  readonly kind: 'note';
  readonly keyword: string;
}

export type Instruction =
  | From
  | Arg
  | Env
  | Run
  | Copy
  | User
  | Workdir
  | Expose
  | Shell
  | Launch
  | Check
  | Note;

export interface Recipe {
  readonly format: RecipeFormat;
  readonly instructions: readonly Instruction[];
}
