import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeUnless } from '@wrenn/testkit/describe-unless';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeEnvd } from './testing/fake-envd.ts';
import { findPython, RunningServer } from './testing/running-server.ts';

const python = findPython();
const missing = python === undefined ? 'this machine has no Python from 3.11 on' : undefined;

describeUnless(missing, 'the code interpreter', () => {
  let server: RunningServer;
  const envd = new FakeEnvd();

  beforeAll(async () => {
    server = await RunningServer.start(python ?? '', { warm: 'javascript', envdUrl: await envd.listen() });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await envd[Symbol.asyncDispose]();
  });

  const js = (code: string, more: object = {}) => server.run({ code, language: 'javascript', ...more });

  async function refusal(method: string, path: string, body?: unknown): Promise<string> {
    const response = await server.request(method, path, body);
    return `${response.status} ${await response.text()}`;
  }

  async function createContext(body: object): Promise<{ id: string; language: string; cwd: string }> {
    const response = await server.request('POST', '/contexts', body);
    expect(response.status).toBe(200);
    const context: unknown = await response.json();
    return context as { id: string; language: string; cwd: string };
  }

  it('says that it is well', async () => {
    expect((await server.request('GET', '/health')).status).toBe(200);
  });

  it('tells a cell’s number, what it prints, its result and its end', async () => {
    const context = await createContext({ language: 'js' });
    const { events } = await server.run({ code: 'console.log("a"); 6 * 7', context_id: context.id });
    expect(events).toEqual([
      { type: 'number_of_executions', execution_count: 1 },
      { type: 'stdout', text: 'a\n', timestamp: expect.stringMatching(/^\d{4}-.*T/) },
      { type: 'result', text: '42', is_main_result: true },
      { type: 'end_of_execution' },
    ]);
  });

  it('says that it is there while a cell is quiet', async () => {
    const flag = join(server.home, 'go-on');
    const code = `while (!require('fs').existsSync(${JSON.stringify(flag)})) await new Promise((r) => setTimeout(r, 20));`;
    const seen: string[] = [];
    for await (const { type } of server.events({ code, language: 'javascript' })) {
      seen.push(type);
      if (type === 'keepalive') await writeFile(flag, '');
    }
    expect(seen).toContain('keepalive');
    expect(seen.at(-1)).toBe('end_of_execution');
  });

  it('answers others while a cell runs', async () => {
    const cell = server.events({
      code: 'console.log("on"); await new Promise(() => {})',
      language: 'javascript',
    });
    for await (const { type } of cell) {
      if (type !== 'stdout') continue;
      expect((await server.run({ code: 'echo other', language: 'bash' })).stdout).toBe('other\n');
      break;
    }
  });

  it('interrupts the cell of a client that went, and keeps what was defined', async () => {
    const code = 'const kept = 5; console.log("on"); while (true);';
    for await (const { type } of server.events({ code, language: 'javascript' }))
      if (type === 'stdout') break;
    expect((await js('kept')).text).toBe('5');
  });

  it('puts a new kernel in the place of one that ended, and says so', async () => {
    const { error, types } = await js('process.kill(process.pid, "SIGKILL"); await new Promise(() => {})');
    expect(error).toMatchObject({ name: 'KernelDied' });
    expect(types.at(-1)).toBe('unexpected_end_of_execution');
    const [first] = (await js('1')).events;
    expect(first).toEqual({ type: 'number_of_executions', execution_count: 1 });
  });

  it('gives each context its own values and folder', async () => {
    await js('globalThis.mine = 1');
    const context = await createContext({ language: 'javascript', cwd: '/' });
    const { text } = await server.run({
      code: '[typeof mine, process.cwd()].join(" ")',
      context_id: context.id,
    });
    expect(text).toBe('undefined /');
    expect(await (await server.request('GET', '/contexts')).json()).toContainEqual(context);
  });

  it('forgets values when a context is restarted, whatever runs in it', async () => {
    const { id } = await createContext({ language: 'javascript' });
    await server.run({ code: 'const value = 1', context_id: id });
    const types: string[] = [];
    for await (const { type } of server.events({
      code: 'console.log("on"); while (true);',
      context_id: id,
    })) {
      types.push(type);
      if (type === 'stdout') {
        const answer = await server.request('POST', `/contexts/${id}/restart`);
        expect([answer.status, await answer.json()]).toEqual([200, null]);
      }
    }
    expect(types.at(-1)).toBe('unexpected_end_of_execution');
    expect((await server.run({ code: 'typeof value', context_id: id })).text).toBe('undefined');
  });

  it('knows no context that was deleted', async () => {
    const { id } = await createContext({ language: 'bash' });
    expect(await refusal('DELETE', `/contexts/${id}`)).toBe('200 null');
    expect(await refusal('DELETE', `/contexts/${id}`)).toMatch(/^404 /);
    expect(await refusal('POST', '/execute', { code: '1', context_id: id })).toMatch(/^404 /);
  });

  it.each<[unknown, string]>([
    [{ code: '1', context_id: 'x', language: 'python' }, '400 context_id and language'],
    [{ code: '1', context_id: 'x' }, '404 there is no context x'],
    [{ code: '1', language: 'r' }, "400 there is no language 'r' here: there are python, javascript"],
    [{ language: 'bash' }, '400 code is missing'],
    [{ code: 1 }, '400 code is not a text'],
    [{ code: '1', env_vars: { A: 1 } }, '400 env_vars is not'],
    [{ code: '1', env_vars: { 'A=': '1' } }, '400 env_vars is not'],
    [{ code: '1', env_vars: { A: '\ud800' } }, '400 env_vars is not'],
    [[], '400 the body is not an object'],
  ])('refuses to run %j', async (body, expected) => {
    expect(await refusal('POST', '/execute', body)).toContain(expected);
  });

  it('refuses contexts in folders that are not there', async () => {
    expect(await refusal('POST', '/contexts', { cwd: '/nowhere' })).toBe("400 there is no folder '/nowhere'");
  });

  it.each<[unknown, string]>([
    ['javascript', 'console.log(process.env.A ?? "none", process.env.HOME.length > 1)'],
    ['bash', 'echo "$(printenv A || echo none) true"'],
  ])('has a request’s variables for its one cell of %s', async (language, code) => {
    const { stdout } = await server.run({ code, language, env_vars: { A: "it's\ntwo" } });
    expect(stdout.replace('\n', ' ')).toMatch(/^it's two true/);
    expect((await server.run({ code, language })).stdout).toBe('none true\n');
  });

  it('has the capsule’s variables as they are now, below the request’s', async () => {
    const code = 'console.log(process.env.OF_CAPSULE)';
    const headers = { 'X-Access-Token': 'token' };
    const run = async (more: object = {}) =>
      (await server.run({ code, language: 'javascript', ...more }, headers)).stdout;
    envd.variables = { OF_CAPSULE: 'one' };
    expect(await run()).toBe('one\n');
    envd.variables = { OF_CAPSULE: 'two' };
    expect(await run({ env_vars: { OF_CAPSULE: 'request' } })).toBe('request\n');
    expect(await run()).toBe('two\n');
    envd.variables = {};
    expect(await run()).toBe('undefined\n');
  });

  it('loses nothing of much output', async () => {
    const { stdout } = await js('for (let i = 0; i < 50_000; i++) console.log(i, "ä".repeat(20))');
    expect(stdout.split('\n')).toHaveLength(50_001);
    expect(stdout).not.toContain('\ufffd');
  });
});
