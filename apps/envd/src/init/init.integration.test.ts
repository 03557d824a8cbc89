import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { filesystemClient } from '../testing/filesystem-client.ts';
import { openTerminal } from '../testing/open-terminal.ts';
import { runCommand } from '../testing/run-command.ts';
import { uploadRaw } from '../testing/upload.ts';

/**
 * The daemon as in a capsule, with a host name, an /etc and a /run of its own. Clocks have no namespace: the tests step this
 * machine's to the time that it is.
 */
let envd: EnvdUnderTest;
let etc: string;
beforeEach(async () => {
  etc = mkdtempSync(join(tmpdir(), 'envd-etc-'));
  // Users read it too.
  chmodSync(etc, 0o755);
  writeFileSync(join(etc, 'passwd'), 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n');
  writeFileSync(join(etc, 'group'), 'root:x:0:\nuser:x:1000:\nsudo:x:27:user\nvideo:x:44:other,user\n');
  writeFileSync(join(etc, 'hosts'), '127.0.0.1 localhost\n');
  // And a /run, with the folder that the init script makes.
  const script = 'mount --bind "$0" /etc && mount -t tmpfs none /run && mkdir /run/wrenn && exec "$@"';
  envd = await startEnvd({
    flags: [],
    before: ['unshare', '--uts', '--mount', '--propagation', 'private', 'sh', '-c', script, etc],
  });
});
afterEach(async () => {
  await envd[Symbol.asyncDispose]();
  rmSync(etc, { recursive: true });
});

const hostSecret = 'the secret of the host';
const accessToken = 'the token of the capsule';

const answer = z.looseObject({ identity: z.optional(z.looseObject({ machineId: z.optional(z.string()) })) });

/** /init resets the other connections, and a pool would hand one of those to the next request. */
const unpooled = { connection: 'close' };

async function init(body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${envd.url}/init`, {
    method: 'POST',
    body: text,
    headers: { ...headers, ...unpooled },
  });
  return { status: response.status, body: answer.parse(await response.json()) };
}
const asHost = { 'x-wrenn-host-secret': hostSecret };
const asUser = { 'x-access-token': accessToken, ...unpooled };
const client = () => envd.client({ headers: asUser });

test('the first /init makes the machine the capsule, and the receipt says what was done', async () => {
  const { status, body } = await init({
    accessToken,
    hostSecret,
    timestamp: new Date().toISOString(),
    entropy: Buffer.alloc(64, 1).toString('base64'),
    hostname: 'cl-test',
    machineId: '0123456789abcdef0123456789abcdef',
    capsuleId: 'cl-test',
    templateId: 'tpl-test',
    defaultUser: 'user',
    defaultWorkdir: '/usr',
    envVars: { COLOUR: 'green' },
  });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      version: '0.6.13',
      clock: { steppedByMs: expect.closeTo(0, -3) },
      entropy: { reseeded: true },
      identity: { hostname: 'cl-test', machineId: '0123456789abcdef0123456789abcdef' },
      trust: { installed: false },
      connections: { closed: 0 },
    },
  });
  expect(readFileSync(join(etc, 'machine-id'), 'utf8')).toBe(`${body.identity?.machineId}\n`);
  expect(readFileSync(join(etc, 'hostname'), 'utf8')).toBe('cl-test\n');
  expect(readFileSync(join(etc, 'hosts'), 'utf8')).toBe('127.0.0.1 localhost\n127.0.1.1 cl-test\n');

  const { stdout } = await runCommand(client(), 'sh', ['-c', 'uname -n; id; pwd; env | sort']);
  expect(stdout.toString()).toBe(
    [
      'cl-test',
      'uid=1000(user) gid=1000(user) groups=1000(user),27(sudo),44(video)',
      '/usr',
      'COLOUR=green',
      'E2B_SANDBOX=true',
      'E2B_SANDBOX_ID=cl-test',
      'E2B_TEMPLATE_ID=tpl-test',
      'HOME=/tmp',
      'LOGNAME=user',
      `PATH=${process.env['PATH']}`,
      'PWD=/usr',
      'USER=user',
      'WRENN_SANDBOX=true',
      'WRENN_SANDBOX_ID=cl-test',
      'WRENN_TEMPLATE_ID=tpl-test',
      '',
    ].join('\n'),
  );
});

test('who the capsule is stands in files too, for everybody to read and root to write', async () => {
  await init({ accessToken, hostSecret, capsuleId: 'cl-parent', templateId: 'tpl-parent' });
  await init({ capsuleId: 'cl-test', templateId: 'tpl-test', defaultUser: 'user' }, asHost);
  const script = 'cd /run/wrenn && head -v -n 1 .W*; echo x >.WRENN_SANDBOX_ID';
  const { stdout, stderr } = await runCommand(client(), 'sh', ['-c', script]);
  expect(stdout.toString().split(/\n+/)).toEqual([
    '==> .WRENN_SANDBOX_ID <==',
    'cl-test',
    '==> .WRENN_TEMPLATE_ID <==',
    'tpl-test',
  ]);
  expect(stderr.toString()).toContain('ermission denied');
});

test('programs find where the host takes events by a name and by a variable', async () => {
  await init({ accessToken, hostSecret, hyperloopIP: '192.0.2.1' });
  const script = 'getent hosts events.wrenn.local; echo $WRENN_EVENTS_ADDRESS $E2B_EVENTS_ADDRESS';
  const { stdout } = await runCommand(client(), 'sh', ['-c', script]);
  expect(stdout.toString().replaceAll(/ +/g, ' ')).toBe(
    '192.0.2.1 events.wrenn.local\nhttp://192.0.2.1 http://192.0.2.1\n',
  );
});

test('another identity takes the host keys of SSH away, the same one leaves them', async () => {
  const key = join(etc, 'ssh/ssh_host_ed25519_key');
  mkdirSync(join(etc, 'ssh'));
  writeFileSync(key, 'the image’s');
  const machineId = '0'.repeat(32);
  const first = await init({ accessToken, hostSecret, machineId });
  expect(first.body.identity).toMatchObject({ sshHostKeys: 'removed' });
  // The last that ssh-keygen makes, where this machine has it.
  const hasGenerator = spawnSync('ssh-keygen', ['-?']).error === undefined;
  await expect.poll(() => existsSync(key)).toBe(hasGenerator);
  if (hasGenerator) expect(readFileSync(key, 'utf8')).not.toBe('the image’s');
  expect((await init({ machineId }, asHost)).body.identity).toMatchObject({ sshHostKeys: 'kept' });
});

test('a process of a user has none of root’s powers, and the daemon has them all back', async () => {
  await init({ accessToken, hostSecret, defaultUser: 'user' });
  const script = 'grep -E "^(Uid|Gid|Groups|CapPrm|CapEff)" /proc/self/status; kill -9 $PPID; ls /root';
  const { stdout, stderr, end } = await runCommand(client(), 'sh', ['-c', script]);
  expect(
    stdout
      .toString()
      .replaceAll(/[\t ]+/g, ' ')
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  ).toStrictEqual([
    'Uid: 1000 1000 1000 1000',
    'Gid: 1000 1000 1000 1000',
    'Groups: 27 44 1000',
    'CapPrm: 0000000000000000',
    'CapEff: 0000000000000000',
  ]);
  expect(stderr.toString()).toContain('Operation not permitted');
  expect(end.exitCode).not.toBe(0);
  const root = await runCommand(
    envd.client({ headers: { ...asUser, authorization: `Basic ${btoa('root:')}` } }),
    'sh',
    ['-c', 'id -u; id -G; grep CapEff /proc/self/status'],
  );
  expect(root.stdout.toString()).toMatch(/^0\n0\nCapEff:\s+0*[1-9a-f]/);
});

test('a user that nobody is, is refused by name', async () => {
  await init({ accessToken, hostSecret });
  const nobody = envd.client({
    headers: { ...asUser, authorization: `Basic ${btoa('x:')}` },
  });
  await expect(runCommand(nobody, 'true')).rejects.toThrow(
    expect.objectContaining({ code: Code.Unauthenticated, rawMessage: "invalid username: 'x'" }),
  );
});

test('a folder that the user may not enter is no working directory', async () => {
  await init({ accessToken, hostSecret, defaultUser: 'user' });
  await expect(runCommand(client(), 'true', [], { cwd: '/root' })).rejects.toThrow(
    expect.objectContaining({ code: Code.InvalidArgument, rawMessage: expect.stringContaining('/root') }),
  );
  await expect(runCommand(client(), 'true', [], { cwd: '/nowhere' })).rejects.toThrow(
    expect.objectContaining({ code: Code.InvalidArgument }),
  );
});

test('before the first /init nothing runs and nobody is let in', async () => {
  await expect(runCommand(client(), 'true')).rejects.toThrow(
    expect.objectContaining({ code: Code.Unauthenticated }),
  );
  expect((await fetch(`${envd.url}/health`)).status).toBe(200);
});

test('the token is asked for in the shape of the call', async () => {
  await init({ accessToken, hostSecret });
  const wrong = envd.client({ headers: { ...asUser, 'x-access-token': `${accessToken}x` } });
  await expect(wrong.list({})).rejects.toThrow(expect.objectContaining({ code: Code.Unauthenticated }));
  await expect(runCommand(wrong, 'true')).rejects.toThrow(
    expect.objectContaining({ code: Code.Unauthenticated }),
  );
  const unary = await fetch(`${envd.url}/process.Process/List`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  expect(unary.status).toBe(401);
  expect(await unary.json()).toMatchObject({ code: 'unauthenticated' });
});

test('the first host alone is the host, and may replace its secret', async () => {
  expect((await init({ accessToken })).body).toMatchObject({ code: 400, field: 'hostSecret' });
  expect((await init({ accessToken, hostSecret })).status).toBe(200);
  expect((await init({ hostSecret: 'the secret of another' })).status).toBe(401);
  expect((await init({}, { 'x-wrenn-host-secret': 'wrong' })).status).toBe(401);
  expect((await init({ hostSecret: 'a secret of its own' }, asHost)).status).toBe(200);
  expect((await init({}, asHost)).status).toBe(401);
});

test('what a later /init does not say stays as it was', async () => {
  await init({ accessToken, hostSecret, defaultUser: 'user', envVars: { A: '1' } });
  await init({ defaultWorkdir: '/usr' }, asHost);
  const { stdout } = await runCommand(client(), 'sh', ['-c', 'echo "$USER $A $PWD"']);
  expect(stdout.toString()).toBe('user 1 /usr\n');
});

test('commands, terminals and files start in the default folder, until there is none', async () => {
  const starts = async () => {
    const command = await runCommand(client(), 'pwd');
    const terminal = await (await openTerminal(client(), ['pwd'], { cwd: '' })).rest();
    const files = filesystemClient(envd.url, { headers: asUser });
    const { entries } = await files.listDir({ path: '' });
    const listed = new Set(entries.map(({ path }) => dirname(path)));
    return [command.stdout.toString(), terminal.pty.toString(), ...listed];
  };
  await init({ accessToken, hostSecret, defaultUser: 'user', defaultWorkdir: '/usr' });
  expect(await starts()).toEqual(['/usr\n', '/usr\r\n', '/usr']);
  await init({ defaultWorkdir: '' }, asHost);
  expect(await starts()).toEqual(['/tmp\n', '/tmp\r\n', '/tmp']);
});

test('a default folder that is not there is said by a process that would start in it', async () => {
  await init({ accessToken, hostSecret, defaultUser: 'user', defaultWorkdir: '/nowhere' });
  await expect(runCommand(client(), 'true')).rejects.toThrow(
    expect.objectContaining({
      code: Code.InvalidArgument,
      rawMessage: expect.stringContaining('"/nowhere" does not exist'),
    }),
  );
});

test.each([
  ['1000', 'uid=1000(user) gid=1000(user) groups=1000(user),27(sudo),44(video)', 'user'],
  ['1000:video', 'uid=1000(user) gid=44(video) groups=44(video)', 'user'],
  ['4000:27', 'uid=4000 gid=27(sudo) groups=27(sudo)', '4000'],
])('the default user may be %s', async (defaultUser, credentials, name) => {
  await init({ accessToken, hostSecret, defaultUser });
  const words = ['sh', '-c', 'id; echo $USER'] as const;
  const { stdout } = await runCommand(client(), 'sh', words.slice(1));
  expect(stdout.toString()).toBe(`${credentials}\n${name}\n`);
  const terminal = await (await openTerminal(client(), words)).rest();
  expect(terminal.pty.toString()).toBe(`${credentials}\r\n${name}\r\n`);

  const folder = join(etc, 'open');
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  const headers = asUser;
  const files = filesystemClient(envd.url, { headers });
  await files.createWatcher({ path: folder });
  const { entry } = await files.makeDir({ path: join(folder, 'made') });
  const sent = await uploadRaw(envd, { path: join(folder, 'sent') }, 'x', headers);
  expect({ owner: entry?.owner, status: sent.status }).toEqual({ owner: name, status: 200 });
  const owned = ['made', 'sent'].map((each) => statSync(join(folder, each)));
  const group = Number(/gid=(\d+)/.exec(credentials)?.[1]);
  expect(owned.map(({ gid }) => gid)).toEqual([group, group]);
});

test('connections from before are closed, and the one that carries /init is not', async () => {
  const port = Number(new URL(envd.url).port);
  const old = connect(port, '127.0.0.1');
  await once(old, 'connect');
  old.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(old, 'data');
  const closed = new Promise<void>((resolve) => {
    // A reset is an error too, which comes first.
    old.on('error', () => undefined).once('close', () => resolve());
  });
  expect((await init({ accessToken, hostSecret })).body).toMatchObject({ connections: { closed: 1 } });
  await closed;
});

test.each([
  ['{', 400],
  ['[]', 400],
  ['', 400],
  [`{"defaultUser":"${'x'.repeat(1024 * 1024)}"}`, 413],
  ['{"hostSecret":1}', 400],
])('refuses the body %.20j', async (body, status) => {
  expect(await init(body)).toMatchObject({ status, body: { code: status, message: expect.any(String) } });
  expect((await fetch(`${envd.url}/health`)).status).toBe(200);
});

test('a body that turns out too large is answered, also when its length was not announced', async () => {
  const body = new Blob(['x'.repeat(2 * 1024 * 1024)]).stream();
  const response = await fetch(`${envd.url}/init`, { method: 'POST', body, duplex: 'half' });
  expect(response.status).toBe(413);
});

test('a step that fails is named, and leaves the capsule closed', async () => {
  execFileSync('mkdir', [join(etc, 'machine-id')]);
  const { status, body } = await init({ accessToken, hostSecret, machineId: '0'.repeat(32) });
  expect({ status, body }).toMatchObject({
    status: 500,
    body: { error: 'internal_error', message: expect.stringContaining('identity') },
  });
  await expect(runCommand(client(), 'true')).rejects.toThrow(
    expect.objectContaining({ code: Code.Unauthenticated }),
  );
});
