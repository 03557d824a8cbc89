import { describe, expect, it, onTestFinished } from 'vitest';
import { call, capsule, client, commandEnvironment } from '../support/client.ts';
import { TestSocket } from '../support/socket.ts';

async function newCapsule(options: { readonly autoResume?: boolean } = {}): Promise<string> {
  const { id } = await client().capsules.create(options);
  onTestFinished(() => client().capsules.destroy(id));
  return id;
}

async function terminal(id: string, start: object = {}): Promise<TestSocket> {
  const socket = await TestSocket.open(`/v1/capsules/${id}/pty`);
  onTestFinished(() => socket[Symbol.asyncDispose]());
  socket.send({ type: 'start', ...start });
  return socket;
}

const lastNumber = (socket: TestSocket) =>
  Number(socket.frames.findLast(({ type }) => type === 'output')?.['number'] ?? 0);

describe('a terminal', () => {
  it('is a shell of the default user, of the size that was asked for, that ends with its code', async () => {
    await using on = await capsule();
    const shell = await terminal(on.id, { cols: 101, rows: 31, envs: { GREETING: 'hi there' } });
    expect(await shell.frame('started')).toMatchObject({ tag: expect.stringMatching(/^pty-[0-9a-f]{8}$/) });
    shell.type('id -un; stty size; echo $GREETING; exit 7\n');
    const printed = await shell.outputWith('hi there\r\n');
    expect(printed).toContain('user\r\n');
    expect(printed).toContain('31 101\r\n');
    expect(await shell.frame('exit')).toMatchObject({ exit_code: 7 });
    expect(await shell.end()).toEqual({ code: 1000 });
  });

  it('runs as the user, in the folder, and takes a new size', async () => {
    await using on = await capsule();
    const shell = await terminal(on.id, { user: 'root', cwd: '/etc' });
    await shell.frame('started');
    shell.send({ type: 'resize', cols: 0, rows: 0 });
    shell.send({ type: 'resize', cols: 44, rows: 11 });
    shell.type("pwd; id -un; stty size; echo ov''er\n");
    expect(await shell.outputWith('over\r\n')).toMatch(/\/etc\r\n[\s\S]*root\r\n[\s\S]*11 44\r\n/);
  });

  it('is killed', async () => {
    await using on = await capsule();
    const shell = await terminal(on.id);
    await shell.frame('started');
    shell.send({ type: 'kill' });
    expect(await shell.frame('exit')).toMatchObject({ exit_code: 137 });
  });

  it('gets ten thousand keystrokes at full speed once and in order', async () => {
    await using on = await capsule();
    const shell = await terminal(on.id, { cmd: 'sh', args: ['-c', 'stty -echo raw; echo ready; exec cat'] });
    await shell.outputWith('ready');
    const keys = Array.from({ length: 10_000 }, (_, at) => String.fromCharCode(97 + (at % 26))).join('');
    for (const key of keys) shell.type(key);
    shell.type('.');
    const printed = await shell.outputWith('.');
    expect(printed.slice(printed.indexOf('ready') + 'ready'.length).trim()).toBe(`${keys}.`);
  });

  it('shows a burst of 5 MB whole', { timeout: 240_000 }, async () => {
    await using on = await capsule();
    const shell = await terminal(on.id, {
      cmd: 'sh',
      args: ['-c', 'stty -opost; head -c 5000000 /dev/zero | tr "\\0" x'],
      output: 'binary',
    });
    // An emulated guest prints some 0.15 MB/s, and less beside another.
    await shell.frame('exit', 200_000);
    expect(shell.output.length).toBe(5_000_000);
    expect(shell.frames.some(({ type }) => type === 'gap')).toBe(false);
  });

  it('is found again by its tag, and shows what came meanwhile from the frame that is asked for', async () => {
    await using on = await capsule();
    const first = await terminal(on.id);
    const { tag } = await first.frame('started');
    // What is typed is shown too, and must not be taken for what it prints.
    first.type("echo o''ne\n");
    await first.outputWith('one\r\n');
    const seen = lastNumber(first);
    await first[Symbol.asyncDispose]();
    const again = await TestSocket.open(`/v1/capsules/${on.id}/pty`);
    again.send({ type: 'connect', tag, from: seen + 1 });
    expect(await again.frame('started')).toMatchObject({ tag });
    again.type("echo t''wo\n");
    const printed = await again.outputWith('two\r\n');
    expect(printed).not.toContain('one\r\n');
    expect(lastNumber(again)).toBeGreaterThan(seen);
    await again[Symbol.asyncDispose]();
  });

  it('has several viewers, each of whom sees everything and may type', async () => {
    await using on = await capsule();
    const one = await terminal(on.id);
    const { tag } = await one.frame('started');
    const other = await TestSocket.open(`/v1/capsules/${on.id}/pty`);
    other.send({ type: 'connect', tag });
    await other.frame('started');
    other.type("echo from the ot''her\n");
    await one.outputWith('from the other\r\n');
    one.type("echo from the o''ne\n");
    await other.outputWith('from the one\r\n');
    await other[Symbol.asyncDispose]();
  });

  it('tells who looks on what size it has, and what size it gets', async () => {
    await using on = await capsule();
    const one = await terminal(on.id, { cols: 91, rows: 23 });
    const { tag } = await one.frame('started');
    await using viewer = await TestSocket.open(`/v1/capsules/${on.id}/pty`);
    viewer.send({ type: 'connect', tag, mode: 'view' });
    const sizes = () => viewer.frames.filter(({ type }) => type === 'size');
    await expect.poll(sizes).toEqual([{ type: 'size', cols: 91, rows: 23 }]);
    one.send({ type: 'resize', cols: 132, rows: 43 });
    await expect.poll(sizes).toHaveLength(2);
    expect(sizes().at(-1)).toEqual({ type: 'size', cols: 132, rows: 43 });
  });

  it('takes input that is sent again once', async () => {
    await using on = await capsule();
    const shell = await terminal(on.id, {
      cmd: 'sh',
      args: ['-c', 'stty -echo raw; echo ready; exec cat'],
      writer: 'me',
    });
    await shell.outputWith('ready');
    const { tag } = await shell.frame('started');
    shell.send({ type: 'input', data: btoa('abc'), offset: 0 });
    await shell.outputWith('abc');
    const again = await TestSocket.open(`/v1/capsules/${on.id}/pty`);
    again.send({ type: 'connect', tag, writer: 'me' });
    again.send({ type: 'input', data: btoa('bcd.'), offset: 1 });
    expect(await again.outputWith('.')).toMatch(/abcd\.$/);
    await again[Symbol.asyncDispose]();
  });

  it('goes on over a pause with its client connected, and nothing is lost', async () => {
    const id = await newCapsule({ autoResume: true });
    const shell = await terminal(id);
    await shell.frame('started');
    shell.type('word=kept\n');
    await shell.outputWith('word=kept');
    await client().capsules.pause(id);
    expect(await shell.frame('status')).toMatchObject({ status: 'paused' });
    expect(await client().capsules.get(id)).toMatchObject({ status: 'paused' });
    shell.type('echo it is $word\n');
    await shell.outputWith('it is kept\r\n');
  });

  it.each([
    ['an unknown user', { type: 'start', user: 'nobody-here' }],
    ['a program that is not there', { type: 'start', cmd: '/no/such' }],
    ['a folder that is not there', { type: 'start', cwd: '/no/such' }],
    ['a tag that nobody has', { type: 'connect', tag: 'pty-00000000' }],
    ['an unknown field', { type: 'start', shell: 'x' }],
    ['an unknown frame', { type: 'begin' }],
  ])('is refused for %s, with the reason', async (_what, frame) => {
    await using on = await capsule();
    await using socket = await TestSocket.open(`/v1/capsules/${on.id}/pty`);
    socket.send(frame);
    expect(await socket.frame('error')).toMatchObject({
      fatal: true,
      error: { code: expect.stringMatching(/invalid_request|not_found/) },
    });
    expect(await socket.end()).toEqual({ code: 1008 });
  });
});

describe("the client's terminal", () => {
  it('reads, types, resizes, and knows its end', async () => {
    await using on = await capsule();
    const terminal = await client().terminals.open(on.id, { cols: 90, rows: 20 });
    await terminal.write('stty size; exit 4\n');
    let printed = '';
    for await (const bytes of terminal) printed += Buffer.from(bytes).toString();
    expect(printed).toContain('20 90\r\n');
    expect(await terminal.exited).toEqual({ exitCode: 4 });
  });

  it('holds up the program while nobody reads, and loses nothing', async () => {
    await using on = await capsule();
    const script = 'stty -opost; head -c 6000000 /dev/zero | tr "\\0" x';
    const terminal = await client().terminals.open(on.id, { cmd: 'sh', args: ['-c', script] });
    let length = 0;
    for await (const bytes of terminal) length += bytes.length;
    expect(length).toBe(6_000_000);
  });

  it('is told what is wrong', async () => {
    await using on = await capsule();
    await expect(client().terminals.open(on.id, { user: 'nobody-here' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('a socket', () => {
  it('is opened by a first frame with a key, where headers cannot be set', async () => {
    await using on = await capsule();
    const socket = await TestSocket.open(`/v1/capsules/${on.id}/pty`, {});
    const { WRENN_API_KEY: token } = commandEnvironment();
    socket.send({ type: 'auth', token });
    socket.send({ type: 'start' });
    await socket.frame('started');
    await socket[Symbol.asyncDispose]();
  });

  it('hears everything that is said as soon as it is open, of three hundred too', async () => {
    await using on = await capsule();
    const { WRENN_API_KEY: token } = commandEnvironment();
    const heard = await Promise.all(
      Array.from({ length: 300 }, async () => {
        await using socket = await TestSocket.open(`/v1/capsules/${on.id}/pty`, {});
        socket.send({ type: 'auth', token });
        socket.send({ type: 'start', nonsense: true });
        return (await socket.frame('error'))['data'];
      }),
    );
    expect(new Set(heard)).toEqual(new Set(['frame: Unrecognized key: "nonsense"']));
  });

  it('is not opened with a wrong key, in a header or a frame, nor for another path', async () => {
    await using on = await capsule();
    const path = `/v1/capsules/${on.id}/pty`;
    const wrong = await TestSocket.open(path, { 'x-api-key': 'wrn_00000000000000000000000000000000' });
    expect(await wrong.end()).toEqual({ code: 1006 });
    await using late = await TestSocket.open(path, {});
    late.send({ type: 'auth', token: 'wrn_00000000000000000000000000000000' });
    expect(await late.frame('error')).toMatchObject({ data: 'authentication failed' });
    expect(await late.end()).toEqual({ code: 1008 });
    const other = await TestSocket.open(`/v1/capsules/${on.id}/exec`, {});
    expect(await other.end()).toEqual({ code: 1006 });
  });
});

describe('a stream of a command', () => {
  it('carries input, output byte for byte, and the real end', async () => {
    await using on = await capsule();
    await using socket = await TestSocket.open(`/v1/capsules/${on.id}/exec/stream`);
    socket.send({
      type: 'start',
      cmd: 'sh',
      args: ['-c', 'cat; echo fault >&2; exit 3'],
      stdin: true,
      encoding: 'base64',
    });
    await socket.frame('start');
    const bytes = Buffer.from([0, 255, 195, 40, 10]);
    socket.send({ type: 'stdin', data: bytes.toString('base64') });
    socket.send({ type: 'stdin_end' });
    expect(await socket.frame('exit')).toMatchObject({ exit_code: 3, outcome: 'exited' });
    const stdout = socket.frames
      .filter(({ type }) => type === 'stdout')
      .map(({ data }) => Buffer.from(String(data), 'base64'));
    expect(Buffer.concat(stdout)).toEqual(bytes);
    expect(Buffer.from(String((await socket.frame('stderr'))['data']), 'base64').toString()).toBe('fault\n');
  });

  it('has whole characters as text, wherever they were cut', async () => {
    await using on = await capsule();
    await using socket = await TestSocket.open(`/v1/capsules/${on.id}/exec/stream`);
    const script = 'printf "\\303"; sleep 0.3; printf "\\244 \\342\\202"; sleep 0.3; printf "\\254"';
    socket.send({ type: 'start', cmd: 'sh', args: ['-c', script] });
    await socket.frame('exit');
    const text = socket.frames.filter(({ type }) => type === 'stdout').map(({ data }) => data);
    expect(text.join('')).toBe('ä €');
  });

  it('ends the command when it is stopped, and when its client goes away', async () => {
    await using on = await capsule();
    for (const way of ['stop', 'leave']) {
      const socket = await TestSocket.open(`/v1/capsules/${on.id}/exec/stream`);
      socket.send({ type: 'start', cmd: 'sleep', args: ['1000'] });
      const { pid } = await socket.frame('start');
      if (way === 'stop') socket.send({ type: 'stop' });
      else socket.socket.close();
      await socket.end();
      await expect
        .poll(async () => JSON.stringify((await call('GET', `/v1/capsules/${on.id}/processes`)).body))
        .not.toContain(`"pid":${pid}`);
    }
  });
});

describe('a process in the background', () => {
  it('is listed, watched from its first frame by several, ended by a signal, and then unknown', async () => {
    await using on = await capsule();
    const path = `/v1/capsules/${on.id}/processes`;
    const script = 'echo first; trap "echo caught; exit 5" TERM; while :; do sleep 0.1; done';
    const body = { cmd: 'sh', args: ['-c', script], background: true, tag: 'worker' };
    const started = await call('POST', `/v1/capsules/${on.id}/exec`, body);
    expect(started).toMatchObject({ status: 202, body: { tag: 'worker', pid: expect.any(Number) } });
    const listed = await call('GET', path);
    expect(listed.body).toMatchObject({ processes: [{ tag: 'worker', cmd: 'sh' }] });
    await using one = await TestSocket.open(`${path}/worker/stream?from=1`);
    await using other = await TestSocket.open(
      `${path}/${(started.body as { pid: number }).pid}/stream?from=1`,
    );
    for (const viewer of [one, other])
      expect(await viewer.frame('stdout')).toMatchObject({ data: 'first\n' });
    expect(await call('DELETE', `${path}/worker?signal=SIGTERM`)).toMatchObject({ status: 204 });
    for (const viewer of [one, other]) expect(await viewer.frame('exit')).toMatchObject({ exit_code: 5 });
    await expect.poll(async () => (await call('DELETE', `${path}/worker`)).status).toBe(404);
  });

  it('is refused for a command that is not there', async () => {
    await using on = await capsule();
    const body = { cmd: '/no/such', background: true };
    expect(await call('POST', `/v1/capsules/${on.id}/exec`, body)).toMatchObject({
      status: 400,
      body: { error: { field: 'cmd' } },
    });
  });
});

it('an upgrade on any other route opens nothing without a key', async () => {
  const paths = ['/v1/capsules', '/v1/jobs/x', '/v1/snapshots', '/v1/capsules/cl-0/exec'];
  const answers = await Promise.all(paths.map(async (path) => (await TestSocket.open(path, {})).end()));
  expect(answers).toEqual(paths.map(() => ({ code: 1006 })));
});
