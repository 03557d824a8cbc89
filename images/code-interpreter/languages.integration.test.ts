import { spawnSync } from 'node:child_process';
import { describeUnless } from '@wrenn/testkit/describe-unless';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cell, findPython, RunningServer } from './testing/running-server.ts';

const server = findPython();
const withIPython = findPython('IPython');
const serverMissing = server === undefined ? 'this machine has no Python from 3.11 on' : undefined;
const ipythonMissing = withIPython === undefined ? 'this machine has no IPython' : undefined;
const oldNode = spawnSync('node', ['--version'], { encoding: 'utf8' }).stdout;

function serve(python: string | undefined, language: string): (code: string) => Promise<Cell> {
  let running: RunningServer;
  beforeAll(async () => {
    running = await RunningServer.start(python ?? '', { warm: language });
  });
  afterAll(async () => await running[Symbol.asyncDispose]());
  return (code) => running.run({ code, language });
}

describeUnless(serverMissing, 'JavaScript', () => {
  const run = serve(server, 'javascript');

  it('keeps what a cell declares, which may be declared again', async () => {
    await run('const a = 1; class B {}; function c() { return 3 }');
    await run('const a = 2; class B {}');
    expect((await run('a + c()')).text).toBe('5');
  });

  it('waits for promises at the top', async () => {
    expect((await run('const late = await new Promise((r) => setTimeout(r, 1, 7)); late')).text).toBe('7');
  });

  it('shows texts as they are, and nothing for undefined', async () => {
    expect((await run('"a\\nb"')).text).toBe('a\nb');
    expect((await run('({ a: [1n] })')).text).toBe('{ a: [ 1n ] }');
    expect((await run('undefined')).results).toEqual([]);
  });

  it('imports modules, in both ways, and leaves texts alone', async () => {
    const code = `import fs, { readFileSync as read } from 'node:fs'
import * as path from 'path'
const { sep } = await import('node:path');
[typeof fs.statSync, typeof read, path.sep === sep, 'import(x)'].join(' ')`;
    expect((await run(code)).text).toBe('function function true import(x)');
  });

  it('shows what has its own way to be displayed', async () => {
    const { results } = await run(
      `display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<p>', 'x/y': 1 }) }); 1`,
    );
    expect(results).toEqual([
      { type: 'result', is_main_result: false, html: '<p>', extra: { 'x/y': 1 } },
      { type: 'result', is_main_result: true, text: '1' },
    ]);
  });

  it.each([
    ['null.x', 'TypeError', 'Cannot read'],
    ['let = ;', 'SyntaxError', 'Unexpected token'],
    ['throw 5', 'Error', '5'],
    ['await Promise.reject(new RangeError("far"))', 'RangeError', 'far'],
  ])('tells the error of %s', async (code, name, value) => {
    const { error } = await run(code);
    expect(error).toMatchObject({ name, value: expect.stringContaining(value) });
    expect(error?.['traceback']).toMatch(new RegExp(`^${name}: `));
    expect(error?.['traceback']).not.toContain('kernel');
  });

  it('goes on after an error that nobody waits for', async () => {
    const { stderr } = await run(
      'setTimeout(() => { throw new Error("later") }); await new Promise((r) => setTimeout(r, 50));',
    );
    expect(stderr).toContain('later');
    expect((await run('1')).text).toBe('1');
  });
});

describeUnless(serverMissing, 'TypeScript', () => {
  const run = serve(server, 'typescript');

  it('runs without its types', async () => {
    expect((await run('const text: string = "typed"; text')).text).toBe('typed');
  });

  it('is refused where Node strips no types', async (context) => {
    context.skip(!/^v(?:18|20)\./.test(oldNode), 'this machine has no Node that old');
    await using running = await RunningServer.start(server ?? '', { warm: '', node: 'node' });
    await expect(running.run({ code: '1', language: 'ts' })).rejects.toThrow(
      'refused with 400: typescript needs Node 22.13',
    );
  });
});

describeUnless(serverMissing, 'bash', () => {
  const run = serve(server, 'bash');

  it('keeps variables and the folder, and tells an exit status', async () => {
    const { error, stderr } = await run('A=5; cd /; echo oops >&2; false');
    expect({ ...error, stderr }).toMatchObject({ name: 'ExitStatus', value: '1', stderr: 'oops\n' });
    expect((await run('echo $A $PWD')).stdout).toBe('5 /\n');
  });

  it('runs many lines, and knows when what they start is broken off', async () => {
    expect((await run('for i in 1 2; do\n  cat <<END\n$i\nEND\ndone')).stdout).toBe('1\n2\n');
    expect((await run('exit 3')).types.at(-1)).toBe('unexpected_end_of_execution');
  });
});

describeUnless(ipythonMissing, 'Python', () => {
  const run = serve(withIPython, 'python');

  it('keeps what a cell defines, and waits at the top', async () => {
    await run('import asyncio\nasync def f(): return 7');
    expect((await run('await f()')).text).toBe('7');
  });

  it('shows texts as they are, and rich results in their formats', async () => {
    expect((await run("'text'")).text).toBe('text');
    const { results } = await run(
      'from IPython.display import HTML, JSON, display\ndisplay(HTML("<b>"))\nJSON({"a": float("nan")})',
    );
    expect(results).toMatchObject([
      { is_main_result: false, html: '<b>' },
      { is_main_result: true, json: { a: null } },
    ]);
  });

  it('shows what is a table to pandas by its columns', async () => {
    const { results } = await run(`class DataFrame:
  size = 1
  def to_dict(self, orient): return {"a": [float("nan")]}
DataFrame.__module__ = "pandas"
DataFrame()`);
    expect(results).toMatchObject([{ data: { a: [null] } }]);
  });

  it('shows what programs print', async () => {
    const { stdout, stderr } = await run('!echo out; echo err >&2');
    expect({ stdout, stderr }).toEqual({ stdout: 'out\n', stderr: 'err\n' });
  });

  it.each([
    ['1/0', 'ZeroDivisionError', 'division by zero'],
    ['def f(:', 'SyntaxError', 'invalid syntax'],
    ['import sys; sys.exit(3)', 'SystemExit', '3'],
    ['input()', 'EOFError', 'EOF'],
  ])('tells the error of %s', async (code, name, value) => {
    const { error } = await run(code);
    expect(error).toMatchObject({ name, value: expect.stringContaining(value) });
    expect(error?.['traceback']).toContain(name);
  });

  it('begins anew after exit()', async () => {
    await run('gone = 1');
    expect((await run('exit()')).types.at(-1)).toBe('end_of_execution');
    expect((await run('"gone" in globals()')).text).toBe('False');
  });
});

describeUnless(ipythonMissing, 'Python that is interrupted', () => {
  let running: RunningServer;
  beforeAll(async () => {
    running = await RunningServer.start(withIPython ?? '', { warm: 'python' });
  });
  afterAll(async () => await running[Symbol.asyncDispose]());

  it.each(['while True: pass', 'import time; time.sleep(600)', 'import asyncio; await asyncio.sleep(600)'])(
    'keeps its values when %s is',
    async (endless) => {
      for await (const { type } of running.events({ code: `x = 5\nprint("on")\n${endless}` }))
        if (type === 'stdout') break;
      expect((await running.run({ code: 'x' })).text).toBe('5');
    },
  );
});
