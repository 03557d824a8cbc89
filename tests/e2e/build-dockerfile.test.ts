import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tarOf } from '../../apps/control-plane/src/builds/archive/testing/make-tar.ts';
import { built, capsuleOf, doneIn, prints, templateName } from '../support/builds.ts';
import { client } from '../support/client.ts';

const dockerfile = `# syntax=docker/dockerfile:1
ARG FROM_OUTSIDE=unset
FROM template:minimal AS build
ARG FROM_OUTSIDE
WORKDIR /src
COPY . .
RUN mkdir out && cp *.sh out/ && echo $FROM_OUTSIDE >out/made && ls -A >out/list

FROM template:minimal
LABEL maintainer="nobody"
ENV MODE=served
COPY --from=build --chown=user:user --chmod=0750 /src/out/ /opt/app/
COPY --from=0 /src/docs/*.md /opt/docs/
COPY <<-"END" /opt/app/note
	as it $stands
	END
EXPOSE 8000
USER user
WORKDIR /opt/app
HEALTHCHECK --interval=1s --retries=30 CMD sh /opt/app/well.sh
CMD ["sh", "main.sh"]
`;
const archive = tarOf(
  { name: '.dockerignore', content: '# what stays here\n*.key\n!public.key\nnode_modules\n' },
  {
    name: 'main.sh',
    content: 'echo $MODE $$ >>/dev/shm/starts; sleep infinity\n',
  },
  // Not at the first time, and then when it runs.
  {
    name: 'well.sh',
    content: 'if [ -e /dev/shm/asked ]; then [ -s /dev/shm/starts ]; else touch /dev/shm/asked; exit 1; fi\n',
  },
  { name: 'private.key', content: 'secret' },
  { name: 'public.key', content: 'for all' },
  { name: 'node_modules/large/index.js', content: 'x' },
  { name: 'docs/one.md', content: 'one' },
  { name: 'docs/two.md', content: 'two' },
  { name: 'docs/three.txt', content: 'three' },
);

describe('a Dockerfile of several stages', () => {
  const name = templateName('served');
  const options = { name, format: 'dockerfile', archive: new Uint8Array(archive) } as const;
  const build = (recipe: string) => built({ ...options, recipe, args: { FROM_OUTSIDE: 'given' } });

  let notes: readonly string[] = [];
  beforeAll(async () => {
    const done = await build(dockerfile);
    notes = done.logs?.flatMap((step) => step.notes) ?? [];
  });
  afterAll(() => client().snapshots.delete(name));

  it('has in its last stage what it copies from the others, as it says', async () => {
    await using capsule = await capsuleOf(name);
    expect(await prints(capsule.id, 'cat made list note; ls -A /opt/docs')).toBe(
      [
        'given',
        '.dockerignore',
        'docs',
        'main.sh',
        'out',
        'public.key',
        'well.sh',
        'as it $stands',
        'one.md',
        'two.md',
        '',
      ].join('\n'),
    );
    expect(
      await prints(capsule.id, 'stat -c %U:%G:%a /opt/app/main.sh /opt/docs/one.md; ls -d /src || echo none'),
    ).toBe('user:user:750\nroot:root:644\nnone\n');
  });

  it('starts what CMD says once, and each capsule goes on with it from the memory of the template', async () => {
    expect(notes.join()).toMatch(/not well yet/);
    for (const _ of [1, 2]) {
      await using capsule = await capsuleOf(name);
      const starts = await prints(capsule.id, 'cat /dev/shm/starts');
      expect(starts).toMatch(/^served \d+\n$/);
      const pid = Number(starts.split(' ')[1]);
      expect(await client().processes.list(capsule.id)).toMatchObject([{ pid, tag: 'start' }]);
      expect(await prints(capsule.id, `ps -o user=,args= -p ${pid}; readlink /proc/${pid}/cwd`)).toBe(
        'user     sh main.sh\n/opt/app\n',
      );
    }
  });

  it('does nothing again but what a changed line is before, in its own stage', async () => {
    const changed = dockerfile.replace('\nCMD', '\nRUN true\nCMD');
    expect(doneIn(await build(changed))).toEqual(['RUN true']);
  });

  it('builds the stage that is asked for', async () => {
    const target = templateName('target');
    const done = await built({
      ...options,
      name: target,
      recipe: dockerfile,
      target: 'build',
      args: { FROM_OUTSIDE: 'given' },
    });
    expect(doneIn(done)).toEqual([]);
    await using capsule = await capsuleOf(target);
    expect(await prints(capsule.id, 'pwd; cat out/made')).toBe('/src\ngiven\n');
    await client().snapshots.delete(target);
  });
});

it.each([
  ['ONBUILD RUN true', 'ONBUILD'],
  ['RUN --mount=type=cache,target=/x true', 'mount'],
  ['STOPSIGNAL', 'STOPSIGNAL'],
])('what is not supported is refused with its line, before anything is done: %s', async (line, what) => {
  const recipe = `FROM template:minimal\n\n${line}\n`;
  const submitted = client().builds.submit({ name: templateName('refused'), format: 'dockerfile', recipe });
  await expect(submitted).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(new RegExp(`line 3.*${what}|${what}.*line 3`)),
  });
});
