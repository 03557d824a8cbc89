/** What kind of instruction a line begins; each has a colour. */
export type KeywordKind = 'base' | 'command' | 'files' | 'setting' | 'start';

export type RecipePart =
  | { readonly kind: 'comment' | 'text'; readonly text: string }
  | { readonly kind: KeywordKind; readonly text: string };

const kinds: Readonly<Record<string, KeywordKind>> = {
  FROM: 'base',
  ARG: 'base',
  RUN: 'command',
  SHELL: 'command',
  COPY: 'files',
  ADD: 'files',
  ENV: 'setting',
  USER: 'setting',
  WORKDIR: 'setting',
  EXPOSE: 'setting',
  LABEL: 'setting',
  START: 'start',
  HEALTHCHECK: 'start',
  ENTRYPOINT: 'start',
  CMD: 'start',
};

/** A line that begins an instruction, cut behind its keyword. What nobody knows is text. */
export function instructionParts(line: string): readonly RecipePart[] {
  const [all, blank = '', word = '', rest = ''] = /^(\s*)([A-Za-z]+)(?=\s|$)(.*)$/s.exec(line) ?? [];
  const kind = kinds[word.toUpperCase()];
  if (all === undefined || kind === undefined) return [{ kind: 'text', text: line }];
  return [
    { kind, text: `${blank}${word}` },
    { kind: 'text', text: rest },
  ];
}

/** The lines of a recipe in their colours: what goes on in the next line, or is between `<<END` and `END`, is text. */
export function recipeLines(recipe: string): readonly (readonly RecipePart[])[] {
  let goesOn = false;
  /** Words that end the texts that have begun, the next first. */
  let ends: readonly string[] = [];
  return recipe.split('\n').map((line) => {
    if (ends.length > 0) {
      if (line.trim() === ends[0]) ends = ends.slice(1);
      return [{ kind: 'text', text: line }];
    }
    if (/^\s*#/.test(line)) return [{ kind: 'comment', text: line }];
    const parts = goesOn ? [{ kind: 'text' as const, text: line }] : instructionParts(line);
    if (goesOn || parts.length > 1) ends = textsIn(line);
    goesOn = /\\\s*$/.test(line);
    return parts;
  });
}

function textsIn(line: string): readonly string[] {
  return [...line.matchAll(/<<-?(["']?)([A-Za-z_]\w*)\1/g)].map(([, , end = '']) => end);
}

/** What the build begins from: the first FROM, or else what was asked for. */
export function baseOf({
  recipe,
  base_template,
}: {
  readonly recipe: string;
  readonly base_template: string;
}): string {
  return /^\s*FROM\s+(\S+)/im.exec(recipe)?.[1] ?? base_template;
}
