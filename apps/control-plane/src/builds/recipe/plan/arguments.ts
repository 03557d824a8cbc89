import { WrennError } from '@wrenn/core';
import { expand, type Variables } from '../expand.ts';
import type { Arg, Instruction, Position, Recipe, Word } from '../instruction.ts';
import type { Problems } from '../problems.ts';

/** What Docker gives to every build, of the one platform that capsules have. An ARG without a value asks for it. */
const platform = 'linux/amd64';
const given: Variables = new Map(
  ['BUILD', 'TARGET'].flatMap((which) => [
    [`${which}PLATFORM`, platform],
    [`${which}OS`, 'linux'],
    [`${which}ARCH`, 'amd64'],
    [`${which}VARIANT`, ''],
  ]),
);

export function isOurPlatform(text: string): boolean {
  return text === platform || text === 'linux/x86_64' || text === 'amd64' || text === '';
}

/** Refuses an argument that no ARG asks for: its name is misspelt. */
export function checkArguments(recipe: Recipe, args: Readonly<Record<string, string>>): void {
  const asked = new Set(
    recipe.instructions.flatMap((instruction) =>
      instruction.kind === 'arg' ? instruction.args.map(({ name }) => name) : [],
    ),
  );
  for (const [name, value] of Object.entries(args)) {
    if (!asked.has(name)) {
      throw new WrennError('invalid_request', `planning the build: no ARG asks for ${JSON.stringify(name)}`, {
        field: 'args',
        remedy:
          asked.size === 0 ? 'leave it out' : `the recipe asks for ${[...asked].slice(0, 20).join(', ')}`,
      });
    }
    if (value.includes('\0') || !value.isWellFormed()) {
      throw new WrennError(
        'invalid_request',
        `planning the build: the value of ${name} holds a NUL or half a character`,
        {
          field: 'args',
          remedy: 'remove it',
        },
      );
    }
  }
}

/** The arguments before the first FROM, for use in FROM and as what an ARG without a value has in a stage. */
export function globalArguments(
  before: readonly Instruction[],
  args: Readonly<Record<string, string>>,
  problems: Problems,
): Variables {
  const variables = new Map(given);
  for (const instruction of before) {
    if (instruction.kind !== 'arg') continue;
    for (const { name, value } of instruction.args) {
      const own = value && expandAt(instruction.position, value, variables, problems);
      const text = ownValue(args, name) ?? own;
      if (text !== undefined) variables.set(name, text);
    }
  }
  return variables;
}

/** The text of a word, or the problem that there is none. */
export function expandAt(
  position: Position,
  word: Word,
  variables: Variables,
  problems: Problems,
): string | undefined {
  try {
    return expand(word, variables);
  } catch (thrown) {
    if (!(thrown instanceof WrennError)) throw thrown;
    problems.add(position, thrown.message, thrown.remedy ?? 'shorten it');
    return undefined;
  }
}

/** An ARG of a stage with the value it has: the request's, its own, or that of before the first FROM. */
export function resolved(instruction: Arg, globals: Variables, args: Readonly<Record<string, string>>): Arg {
  return {
    ...instruction,
    args: instruction.args.map((arg) => {
      const text = ownValue(args, arg.name) ?? (arg.value === undefined ? globals.get(arg.name) : undefined);
      return text === undefined
        ? arg
        : { name: arg.name, value: text === '' ? [] : [{ kind: 'text', text }] };
    }),
  };
}

function ownValue(args: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(args, name) ? args[name] : undefined;
}
