import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { copiesFromFolder, readRecipeSource } from './recipe-source.ts';

let folder: string;
beforeEach(async (context) => {
  folder = await mkdtemp(join(tmpdir(), 'wrenn-recipe-'));
  context.onTestFinished(() => rm(folder, { recursive: true }));
});
const write = (name: string, content: string) => writeFile(join(folder, name), content);

describe('what is built', () => {
  it('is the recipe of a folder, under the name of the folder', async () => {
    await write('recipe', 'RUN true\n');
    expect(await readRecipeSource(folder, {})).toEqual({
      folder,
      recipe: 'RUN true\n',
      format: 'recipe',
      name: basename(folder),
      settings: {},
    });
  });

  it('is a Dockerfile where there is one', async () => {
    await write('Dockerfile', 'FROM alpine');
    expect(await readRecipeSource(folder, {})).toMatchObject({ format: 'dockerfile' });
  });

  it('is the file that is named, with its folder to copy from', async () => {
    await write('Dockerfile.test', 'FROM alpine');
    const found = { folder, recipe: 'FROM alpine', format: 'dockerfile' };
    expect(await readRecipeSource(join(folder, 'Dockerfile.test'), {})).toMatchObject(found);
    expect(await readRecipeSource(folder, { file: join(folder, 'Dockerfile.test') })).toMatchObject(found);
  });

  it('is what template.json says of it', async () => {
    await write('steps', 'FROM alpine');
    await write('template.json', '{"name": "mine", "vcpus": 2, "memory_mb": 1024, "format": "dockerfile"}');
    expect(await readRecipeSource(join(folder, 'steps'), {})).toMatchObject({
      name: 'mine',
      format: 'dockerfile',
      settings: { vcpus: 2, memory_mb: 1024 },
    });
  });

  it.each([
    ['{"nmae": "x"}', 'nmae'],
    ['{"vcpus": "2"}', 'vcpus'],
    ['{', 'it is no JSON'],
  ])('is not guessed where template.json is %s', async (text, problem) => {
    await write('recipe', 'RUN true');
    await write('template.json', text);
    await expect(readRecipeSource(folder, {})).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(problem),
    });
  });

  it('is not guessed where a folder has both kinds, or none', async () => {
    await expect(readRecipeSource(folder, {})).rejects.toMatchObject({ code: 'invalid_request' });
    await write('recipe', 'RUN true');
    await write('Dockerfile', 'FROM alpine');
    await expect(readRecipeSource(folder, {})).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the folder is sent', () => {
  it.each([
    ['COPY a /a', true],
    ['FROM x\n  copy --chown=1:1 a /a', true],
    ['ADD a /a', true],
    ['COPY --chown=1:1 \\\n --from=x a /a', true],
    ['COPY --from=build a /a', false],
    ['COPY --chown=1:1 --from=build a /a', false],
    ['RUN cp a b', false],
    ['# COPY a /a', false],
    ['COPYRIGHT', false],
  ])('for %j: %s', (recipe, sent) => {
    expect(copiesFromFolder(recipe)).toBe(sent);
  });
});
