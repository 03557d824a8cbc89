import { describe, expect, it } from 'vitest';
import type { RecipeFormat } from '../recipe/instruction.ts';
import { planOf } from '../recipe/plan/plan-of.ts';
import { parseRecipe } from '../recipe/read-recipe.ts';
import { lastingEnv, type Surroundings } from './surroundings.ts';
import { resolveStep, type Work } from './work.ts';

const start: Surroundings = { user: 'root', workdir: '/', env: { PATH: '/bin' }, args: {} };

/** What a recipe does from its first step to its last, and what is so in the end. */
function done(text: string, format: RecipeFormat = 'recipe', args: Record<string, string> = {}) {
  const recipe = parseRecipe(format === 'dockerfile' ? `FROM small\n${text}` : text, format);
  const works: (Work | undefined)[] = [];
  let now = start;
  for (const step of planOf(recipe, { args }).stages.flatMap(({ steps }) => steps)) {
    const { work, next } = resolveStep(step, now, format);
    works.push(work);
    now = next;
  }
  return { works: works.filter((work) => work !== undefined), end: now };
}

describe('a step', () => {
  it('that is a command runs as the user, in the folder and with the variables of that moment', () => {
    const { works } = done('ENV A=1\nUSER app\nWORKDIR /srv\nENV A=2 B=$A\nRUN make all');
    expect(works.at(-1)).toEqual({
      ...{ kind: 'run', argv: ['/bin/sh', '-c', 'make all'], user: 'app', cwd: '/srv' },
      ...{ env: { PATH: '/bin', A: '2', B: '1' }, timeoutMs: undefined },
    });
  });

  it('that is a command without a shell is run as it is written', () => {
    const [work] = done('RUN ["/app", "--init", "$HOME"]', 'dockerfile').works;
    expect(work).toMatchObject({ kind: 'run', argv: ['/app', '--init', '$HOME'] });
  });

  it('may be given its own time', () => {
    expect(done('RUN --timeout=90s true').works[0]).toMatchObject({ timeoutMs: 90_000 });
  });

  it('that names a folder relative to the one before goes on from there', () => {
    const { works, end } = done('WORKDIR /srv\nWORKDIR app/../web');
    expect(works).toMatchObject([
      { kind: 'workdir', path: '/srv', owner: 'root' },
      { kind: 'workdir', path: '/srv/web' },
    ]);
    expect(end.workdir).toBe('/srv/web');
  });

  it('that names a user makes it in a recipe, and wants it to be there in a Dockerfile', () => {
    expect(done('USER app').works).toEqual([{ kind: 'user', name: 'app', missing: 'make' }]);
    expect(done('USER app', 'dockerfile').works).toEqual([{ kind: 'user', name: 'app', missing: 'refuse' }]);
  });

  it('that copies gives it to the user in a recipe, and to root or as it was in a Dockerfile', () => {
    expect(done('USER app\nWORKDIR /srv\nCOPY a b c/').works.at(-1)).toMatchObject({
      ...{ kind: 'copy', sources: ['a', 'b'], destination: '/srv/c/', owner: 'app', from: undefined },
    });
    expect(done('USER app\nCOPY a /b', 'dockerfile').works.at(-1)).toMatchObject({ owner: undefined });
    expect(done('COPY --chown=1:2 --chmod=750 a /b', 'dockerfile').works[0]).toMatchObject({
      owner: '1:2',
      mode: '750',
    });
  });
});

describe('an argument', () => {
  it('is there while it is built, and gone in the template', () => {
    const { works, end } = done('ARG VERSION=1\nRUN echo', 'recipe', { VERSION: '2' });
    expect(works[0]).toMatchObject({ env: { VERSION: '2' } });
    expect(lastingEnv(end)).toEqual({ PATH: '/bin' });
  });

  it('gives way to a variable of its name', () => {
    expect(done('ARG A=arg\nENV A=env\nRUN echo').works[0]).toMatchObject({ env: { A: 'env' } });
  });
});

it('what belongs to a machine, a user or a shell is not kept in the template', () => {
  const env = { HOME: '/x', USER: 'x', PWD: '/', TERM: 'dumb', WRENN_SANDBOX_ID: 'cl-1', LANG: 'C' };
  expect(lastingEnv({ ...start, env })).toEqual({ LANG: 'C' });
});
