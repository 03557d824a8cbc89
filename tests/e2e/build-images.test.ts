import { readFile } from 'node:fs/promises';
import { imageOf, TestRegistry } from '@wrenn/testkit/registry';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import { built, capsuleOf, doneIn, fails, lastStep, prints, templateName } from '../support/builds.ts';
import { client } from '../support/client.ts';
import { smallImage } from '../support/small-image.ts';

/** `security.capability`, version 2, effective: CAP_CHOWN alone. */
const mayChown = `\x01\0\0\x02\x01${'\0'.repeat(15)}`;
/** The root file system of a whole capsule gives way to the image. */
const patient = { timeout: 300_000 };
const login = { username: 'olga', password: 'of the registry' };

let registry: TestRegistry;
/** Where the registry sends whoever wants a layer. */
let storage: TestRegistry;
beforeAll(async () => {
  registry = await TestRegistry.start(undefined, inject('wrenn').registryPort);
  storage = await TestRegistry.start();
});
afterEach(() => {
  registry.conduct = { access: { kind: 'everybody' }, failures: [] };
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await storage?.[Symbol.asyncDispose]();
});

const small = async () => {
  const chown = { content: await readFile('/bin/busybox'), mode: 0o755 };
  return await smallImage({
    more: [
      [
        { kind: 'directory', path: 'home/app', uid: 1234, gid: 1234 },
        { kind: 'whiteout', path: 'var/gone' },
        { kind: 'directory', path: 'var/full' },
        { kind: 'file', path: 'var/full/lower', content: 'x' },
        { kind: 'link', path: 'home/app/linked', target: 'home/app/own' },
        { kind: 'character-device', path: 'dev/of-image', major: 1, minor: 3 },
      ],
      [
        { kind: 'opaque', path: 'var/full' },
        { kind: 'file', path: 'var/full/upper', content: 'x', uid: 7, gid: 8, mode: 0o4711 },
        { kind: 'file', path: 'bin/chown', ...chown, xattrs: { 'security.capability': mayChown } },
      ],
    ],
    config: { Cmd: ['sleep', '1000000'] },
  });
};

it(
  'an image of a registry becomes a template, with its files, user, folder, environment and command',
  patient,
  async () => {
    const image = await small();
    const reference = registry.push('team/small', 'v1', image);
    storage.push('team/small', 'v1', image);
    registry.conduct.access = { kind: 'bearer', for: { kind: 'password', ...login } };
    registry.conduct.redirect = (path) => `${storage.url}${path}`;
    const name = templateName('small');
    const recipe = `FROM ${reference}\nENV OWN=too\nRUN echo "$FROM_IMAGE $OWN" >made`;
    const options = { name, recipe, format: 'dockerfile', credentials: { [registry.host]: login } } as const;
    await built(options);
    await using capsule = await capsuleOf(name);
    expect(await prints(capsule.id, 'id -un; pwd; echo $FROM_IMAGE $OWN; cat made /etc/os-release')).toBe(
      'app\n/home/app\nyes too\nyes too\nID=small\n',
    );
    expect(await prints(capsule.id, 'ls /var /var/full; stat -c "%u:%g:%a:%h" own /var/full/upper')).toBe(
      '/var:\nfull\n\n/var/full:\nupper\n1234:1234:640:2\n7:8:4711:1\n',
    );
    // Of nobody's capabilities but that file's.
    expect(
      await prints(capsule.id, 'touch new; /bin/chown 7:8 new; stat -c %u:%g new; ls /dev/of-image || true'),
    ).toBe('7:8\n');
    expect(await client().processes.list(capsule.id)).toMatchObject([{ tag: 'start', cmd: 'sleep' }]);

    const again = await built({ ...options, recipe: `${recipe}\nRUN true` });
    expect(again.logs?.[0]).toMatchObject({ cmd: `FROM ${reference}`, cached: true });
    expect(doneIn(again)).toEqual(['RUN true']);
    await client().snapshots.delete(name);
  },
);

it('an image without a shell, a C library and accounts becomes a template', patient, async () => {
  const image = await imageOf({
    layers: [[{ kind: 'file', path: 'busybox', mode: 0o755, content: await readFile('/bin/busybox') }]],
    config: { User: '65532:65532' },
  });
  const reference = registry.push('team/static', 'v1', image);
  const name = templateName('static');
  const recipe = [
    `FROM ${reference}`,
    'WORKDIR /work',
    'RUN ["/busybox", "touch", "made"]',
    'COPY --chown=7:8 <<END /etc/told',
    'told',
    'END',
    'ENTRYPOINT ["/busybox", "sleep"]',
    'CMD ["1000000"]',
  ];
  await built({ name, recipe: recipe.join('\n'), format: 'dockerfile' });
  await using capsule = await capsuleOf(name);
  const { capsules, files, processes } = client();
  const runs = async (...args: string[]) =>
    (await capsules.exec(capsule.id, { cmd: '/busybox', args })).stdout;
  expect(await runs('id', '-u')).toBe('65532\n');
  expect(await runs('stat', '-c', '%u:%g', '.', 'made', '/etc/told')).toBe('65532:65532\n65532:65532\n7:8\n');
  expect(await files.readText(capsule.id, '/etc/told')).toBe('told\n');
  expect(await processes.list(capsule.id)).toMatchObject([{ tag: 'start', cmd: '/busybox' }]);
  await client().snapshots.delete(name);
});

it.each([
  [
    'redirects to a private address that is not allowed',
    () => {
      registry.conduct.redirect = () => 'http://10.0.0.1/layer';
    },
    { code: 'forbidden', message: '10.0.0.1 is not an address of the internet' },
  ],
  [
    'serves a layer of another digest',
    () => {
      registry.conduct.altered = 'layer';
    },
    { code: 'image_refused', message: 'digest' },
  ],
  [
    'does not let us read it',
    () => {
      registry.conduct.access = { kind: 'basic', username: 'olga', password: 'another' };
    },
    { code: 'forbidden', message: 'the registry does not let us read it' },
  ],
])(
  'a build from a registry that %s fails at its line, and leaves nothing',
  async (_what, misbehave, { code, message }) => {
    const reference = registry.push(
      'team/bad',
      'v1',
      await smallImage({ config: { Labels: { for: code } } }),
    );
    misbehave();
    const failed = await fails({
      ...{ name: templateName('bad'), format: 'dockerfile', recipe: `\nFROM ${reference}` },
      credentials: { [registry.host]: login },
    });
    const { error } = failed;
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(`step 1 (line 2, FROM ${reference})`),
    });
    expect(error?.message).toContain(message);
    expect(lastStep(failed)).toMatchObject({ phase: 'base', line: 2, ok: false });
  },
);
