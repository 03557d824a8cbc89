import fc from 'fast-check';
import type { Command, Healthcheck, Word } from '../instruction.ts';
import type { Bare } from './print-recipe.ts';

/** Characters that mean something somewhere, and some that never do. */
const text = fc.string({
  unit: fc.constantFrom(...'ab1 \t$"\'\\{}[]:-+=#/~é😀`'),
  minLength: 1,
  maxLength: 8,
});
const name = fc.constantFrom('A', '_b', 'HOME', 'x1');

const { word } = fc.letrec<{ word: Word }>((tie) => ({
  word: fc
    .array(
      fc.oneof(
        { depthSize: 'small' },
        text.map((value) => ({ kind: 'text' as const, text: value })),
        fc.record({ kind: fc.constant('variable' as const), name }),
        fc.record({
          kind: fc.constant('fallback' as const),
          name,
          when: fc.constantFrom('unset' as const, 'unset-or-empty' as const),
          word: tie('word'),
        }),
        fc.record({
          kind: fc.constant('alternative' as const),
          name,
          when: fc.constantFrom('set' as const, 'set-and-not-empty' as const),
          word: tie('word'),
        }),
      ),
      { maxLength: 3 },
    )
    .map(merged),
}));

/** Text parts side by side are one, as the reader has them. */
function merged(parts: Word): Word {
  const result: Word[number][] = [];
  for (const part of parts) {
    const before = result.at(-1);
    if (part.kind === 'text' && before?.kind === 'text') {
      result[result.length - 1] = { kind: 'text', text: before.text + part.text };
    } else result.push(part);
  }
  return result;
}

const variableWord = fc
  .tuple(word, name)
  .map(([parts, last]) => [...parts, { kind: 'variable' as const, name: last }]);
const ms = fc.integer({ min: 1, max: 86_400_000 });
const argv = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter(isPlain), {
  minLength: 1,
  maxLength: 4,
});
const command: fc.Arbitrary<Command> = fc.oneof(
  argv.map((value) => ({ form: 'exec' as const, argv: value })),
  fc
    .constantFrom('apt-get update && echo "$X"', "echo 'it' # no comment", '[ -f x ] || exit 1')
    .map((script) => ({
      form: 'shell' as const,
      script,
    })),
);

function isPlain(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed();
}

const check: fc.Arbitrary<Healthcheck> = fc.record({
  command,
  intervalMs: ms,
  timeoutMs: ms,
  startPeriodMs: ms,
  startIntervalMs: ms,
  retries: fc.integer({ min: 1, max: 1_000 }),
});

/** Instructions that both formats have and that can stand in any order. */
export const arbitraryInstruction: fc.Arbitrary<Bare> = fc.oneof(
  fc.record({
    kind: fc.constant('env' as const),
    values: fc.array(fc.record({ name, value: word }), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('arg' as const),
    args: fc.array(fc.oneof(fc.record({ name }), fc.record({ name, value: word })), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  fc.record({ kind: fc.constant('run' as const), command }),
  fc.record({ kind: fc.constant('run' as const), command, timeoutMs: ms }),
  fc.record({
    kind: fc.constant('copy' as const),
    sources: fc.array(variableWord, { minLength: 1, maxLength: 3 }),
    files: fc.constant([]),
    destination: variableWord,
    chown: variableWord,
    chmod: fc.constantFrom('755', '0644'),
    from: fc.constantFrom('build', 'nginx:1', '0'),
  }),
  fc.record({ kind: fc.constant('user' as const), user: variableWord }),
  fc.record({ kind: fc.constant('workdir' as const), path: variableWord }),
  fc.record({
    kind: fc.constant('expose' as const),
    ports: fc.array(variableWord, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('shell' as const), shell: argv }),
  fc.record({
    kind: fc.constant('healthcheck' as const),
    check: fc.oneof(fc.constant('none' as const), check),
  }),
);
