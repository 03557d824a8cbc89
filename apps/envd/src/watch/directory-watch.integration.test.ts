import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fc, test as fuzz } from '@fast-check/vitest';
import { deadline, until, type WrennError } from '@wrenn/core';
import { EventType } from '@wrenn/protocol/filesystem';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryWatch } from './directory-watch.ts';
import { InotifyReader } from './inotify-reader.ts';
import type { WatchSpec } from './watch-spec.ts';

const account = { name: 'root', uid: 0, gid: 0, groups: [0], home: '/root' };
const reader = new InotifyReader();
let directory: string;
const at = (path: string) => join(directory, path);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'envd-watch-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The changes since its start, each as `TYPE name`. */
class Watching implements Disposable {
  readonly changes: string[] = [];
  readonly faults: WrennError[] = [];
  watch: DirectoryWatch | undefined;

  push(type: EventType, name: string): void {
    this.changes.push(`${EventType[type]} ${name}`);
  }

  fail(fault: WrennError): void {
    this.faults.push(fault);
  }

  /** The changes until one that the test makes last, without that one. */
  async untilNow(): Promise<string[]> {
    const mark = `.mark-${crypto.randomUUID()}`;
    writeFileSync(at(mark), '');
    using limit = deadline(20_000, 'waiting for the last change');
    await until(() => (this.changes.includes(`CREATE ${mark}`) ? true : undefined), 5, limit);
    await this.watch?.settled();
    return this.changes.filter((change) => !change.includes('.mark-'));
  }

  [Symbol.dispose](): void {
    this.watch?.close();
  }
}

async function watching(spec: Partial<WatchSpec> = {}): Promise<Watching> {
  const sink = new Watching();
  sink.watch = await DirectoryWatch.start(
    reader,
    { path: directory, account, depth: 'all', networkMount: 'refuse', ...spec },
    sink,
  );
  return sink;
}

test('every kind of change is told in its order', async () => {
  using watch = await watching();
  writeFileSync(at('a'), 'text');
  chmodSync(at('a'), 0o600);
  renameSync(at('a'), at('b'));
  rmSync(at('b'));
  expect(await watch.untilNow()).toEqual([
    'CREATE a',
    'WRITE a',
    'CHMOD a',
    'RENAME a',
    'CREATE b',
    'REMOVE b',
  ]);
});

test('what was there before is not told', async () => {
  mkdirSync(at('sub/deeper'), { recursive: true });
  writeFileSync(at('sub/file'), '');
  using watch = await watching();
  expect(await watch.untilNow()).toEqual([]);
  writeFileSync(at('sub/deeper/file'), '');
  expect(await watch.untilNow()).toEqual(['CREATE sub/deeper/file']);
});

test('below the directory nothing is told unless that is asked for', async () => {
  mkdirSync(at('sub'));
  using watch = await watching({ depth: 'one' });
  writeFileSync(at('sub/file'), '');
  mkdirSync(at('new/deep'), { recursive: true });
  expect(await watch.untilNow()).toEqual(['CREATE new']);
});

test('a directory that is moved away is watched no longer, one that is moved in is, with all in it', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'envd-elsewhere-'));
  try {
    mkdirSync(at('sub/deep'), { recursive: true });
    using watch = await watching();
    renameSync(at('sub'), join(elsewhere, 'sub'));
    writeFileSync(join(elsewhere, 'sub/deep/a'), '');
    expect(await watch.untilNow()).toEqual(['RENAME sub']);
    writeFileSync(join(elsewhere, 'sub/deep/b'), '');
    renameSync(join(elsewhere, 'sub'), at('again'));
    const changes = (await watch.untilNow()).slice(1);
    expect(changes.toSorted()).toEqual([
      'CREATE again',
      'CREATE again/deep',
      'CREATE again/deep/a',
      'CREATE again/deep/b',
    ]);
    writeFileSync(at('again/deep/a'), 'x');
    expect(await watch.untilNow()).toContain('WRITE again/deep/a');
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test('a directory that is renamed inside goes on under its new name', async () => {
  mkdirSync(at('old'));
  using watch = await watching();
  renameSync(at('old'), at('new'));
  expect(await watch.untilNow()).toEqual(['RENAME old', 'CREATE new']);
  writeFileSync(at('new/file'), '');
  expect(await watch.untilNow()).toContain('CREATE new/file');
});

test('a directory that takes the place of another is watched in its stead', async () => {
  mkdirSync(at('a'));
  mkdirSync(at('b'));
  using watch = await watching();
  renameSync(at('a'), at('b'));
  expect(await watch.untilNow()).toEqual(['RENAME a', 'CREATE b']);
  writeFileSync(at('b/file'), '');
  expect(await watch.untilNow()).toContain('CREATE b/file');
});

test('symbolic links are told, and not followed', async () => {
  using watch = await watching();
  symlinkSync('/proc/self', at('link'));
  symlinkSync('.', at('loop'));
  expect(await watch.untilNow()).toEqual(['CREATE link', 'CREATE loop']);
});

test('the watched directory itself is the dot', async () => {
  using watch = await watching();
  chmodSync(directory, 0o755);
  expect(await watch.untilNow()).toEqual(['CHMOD .']);
  const moved = `${directory}-moved`;
  renameSync(directory, moved);
  rmSync(moved, { recursive: true });
  using limit = deadline(20_000, 'waiting for the end');
  await until(() => (watch.changes.includes('REMOVE .') ? true : undefined), 5, limit);
  expect(watch.changes).toContain('RENAME .');
});

test('of an upload only the file that it becomes is told', async () => {
  mkdirSync(at('sub'));
  using watch = await watching();
  for (const [kind, name] of [
    ['new', 'a'],
    ['over', 'b'],
  ]) {
    const draft = at(`sub/.wrenn-${kind}-0123456789abcdef.upload`);
    writeFileSync(draft, 'text');
    chmodSync(draft, 0o600);
    renameSync(draft, at(`sub/${name}`));
  }
  writeFileSync(at('.wrenn-new-0123456789abcdef.upload'), 'abandoned');
  rmSync(at('.wrenn-new-0123456789abcdef.upload'));
  expect(await watch.untilNow()).toEqual(['CREATE sub/a', 'WRITE sub/a', 'WRITE sub/b']);
});

test('two watches of one directory are told the same, and one goes on when the other ends', async () => {
  using one = await watching();
  using other = await watching({ path: `${directory}/.` });
  writeFileSync(at('a'), '');
  expect(await one.untilNow()).toEqual(['CREATE a']);
  expect(await other.untilNow()).toEqual(['CREATE a']);
  one.watch?.close();
  writeFileSync(at('b'), '');
  expect(await other.untilNow()).toEqual(['CREATE a', 'CREATE b']);
  expect(one.changes).not.toContain('CREATE b');
});

test('when the kernel dropped events what has changed is told by its times', async () => {
  mkdirSync(at('known'));
  mkdirSync(at('gone'));
  writeFileSync(at('known/old'), '');
  writeFileSync(at('known/untouched'), '');
  using limit = deadline(20_000, 'waiting for the scan');
  // Times are only so fine: what was made a moment ago counts as changed.
  const { ctimeMs } = statSync(at('known/untouched'));
  await until(() => (Date.now() > ctimeMs + 50 ? true : undefined), 10, limit);
  using watch = await watching();
  await watch.untilNow();
  // The reader takes no turn in here, so that the kernel's queue of 16,384 fills up and the rest is dropped.
  for (let index = 0; index < 10_000; index++) {
    chmodSync(at('known'), 0o700);
    chmodSync(at('gone'), 0o700);
  }
  writeFileSync(at('known/old'), 'written');
  mkdirSync(at('known/made/deep'), { recursive: true });
  writeFileSync(at('known/made/deep/file'), '');
  rmdirSync(at('gone'));
  await until(() => (watch.changes.includes('REMOVE gone') ? true : undefined), 5, limit);
  const changes = (await watch.untilNow()).filter((change) => !change.startsWith('CHMOD'));
  expect(changes.toSorted()).toEqual([
    'CREATE known/made',
    'CREATE known/made/deep',
    'CREATE known/made/deep/file',
    'REMOVE gone',
    'WRITE known/old',
  ]);
  writeFileSync(at('known/made/deep/later'), '');
  expect(await watch.untilNow()).toContain('CREATE known/made/deep/later');
});

/** Makes paths with a file in each, on another thread, so that it races with the watch. */
const maker = new Worker(
  `const { parentPort } = require('node:worker_threads');
   const { mkdirSync, writeFileSync } = require('node:fs');
   parentPort.on('message', (paths) => {
     for (const path of paths) {
       mkdirSync(path, { recursive: true });
       writeFileSync(path + '/file', '');
     }
   });`,
  { eval: true },
);
afterAll(() => maker.terminate());

const name = fc.stringMatching(/^[a-z]{1,2}$/);
const path = fc.array(name, { minLength: 1, maxLength: 6 }).map((names) => names.join('/'));
fuzz.prop([fc.array(path, { minLength: 1, maxLength: 200 })], { numRuns: 60 })(
  'of a tree that is made while it is watched every path is told as created, once',
  async (paths) => {
    const root = mkdtempSync(at('tree-'));
    using watch = await watching({ path: root });
    maker.postMessage(paths.map((one) => join(root, one)));
    const made = new Set<string>();
    for (const one of paths) {
      for (let parent = one; parent !== '.'; parent = join(parent, '..')) made.add(parent);
      made.add(`${one}/file`);
    }
    const prefix = 'CREATE ';
    const created = () =>
      watch.changes
        .filter((change) => change.startsWith(prefix))
        .map((change) => change.slice(prefix.length));
    using limit = deadline(20_000, 'waiting for all of the tree');
    await until(() => (created().length >= made.size ? true : undefined), 2, limit);
    // The mark is made, and told, after everything else.
    directory = root;
    await watch.untilNow();
    directory = join(root, '..');
    expect(
      created()
        .filter((one) => !one.includes('.mark-'))
        .toSorted(),
    ).toEqual([...made].toSorted());
  },
);
