import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Filesystem } from '@wrenn/protocol/filesystem';
import { Process } from '@wrenn/protocol/process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import * as z from 'zod/mini';
import { client } from '../support/client.ts';

/** What the host keeps of a capsule, its secrets among it. */
const capsuleRecord = z.object({
  accessToken: z.string(),
  hostSecret: z.string(),
  templateId: z.string(),
  templateKey: z.string(),
});

let ids: string[] = [];
let own: z.infer<typeof capsuleRecord>;
/** The secret that the capsule's memory was copied with, and that `/init` replaced. */
let templateSecret: string;
let envdUrl: string;
beforeAll(async () => {
  ids = [(await client().capsules.create()).id, (await client().capsules.create()).id];
  const { directory } = inject('wrenn');
  const [id = ''] = ids;
  own = capsuleRecord.parse(
    JSON.parse(await readFile(join(directory, 'capsules', id, 'record.json'), 'utf8')),
  );
  const manifest = await readFile(join(directory, 'templates', own.templateKey, 'manifest.json'), 'utf8');
  templateSecret = z.object({ hostSecret: z.string() }).parse(JSON.parse(manifest)).hostSecret;
  const { hostIp } = await client().capsules.get(id);
  envdUrl = `http://${hostIp}:49983`;
});
afterAll(async () => {
  await Promise.all(ids.map((id) => client().capsules.destroy(id)));
});

/** Runs a shell script in the first capsule. `user` has nothing that a program of the capsule's own would not have. */
async function inGuest(script: string, { user = 'user', stdin = '', at = 0 } = {}) {
  return client().capsules.exec(ids[at] ?? '', {
    cmd: 'sh',
    args: ['-c', script],
    user,
    stdin,
    timeoutSec: 100,
  });
}
const lines = (text: string) => text.split('\n').filter((line) => line !== '');

interface RouteUnderTest {
  readonly method: string;
  readonly path: string;
  /** Connect's streams answer 200, and say how it went at their end. */
  readonly isStream?: boolean;
}

const tokenRoutes: readonly RouteUnderTest[] = [
  { method: 'GET', path: '/files?path=/etc/passwd' },
  { method: 'POST', path: '/files?path=/tmp/x' },
  { method: 'POST', path: '/files/compose' },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/envs' },
  ...[Process, Filesystem].flatMap((service) =>
    service.methods.map(({ name, methodKind }) => ({
      method: 'POST',
      path: `/${service.typeName}/${name}`,
      isStream: methodKind !== 'unary',
    })),
  ),
];
const hostRoutes: readonly RouteUnderTest[] = [
  { method: 'POST', path: '/init' },
  { method: 'POST', path: '/snapshot/prepare' },
  { method: 'POST', path: '/snapshot/continue' },
];

/** The status, or for a refused stream the one that its code stands for. */
async function ask(route: RouteUnderTest, headers: Record<string, string>): Promise<number> {
  const { method, path, isStream = false } = route;
  const response = await fetch(`${envdUrl}${path}`, {
    method,
    headers: { ...headers, 'content-type': isStream ? 'application/connect+json' : 'application/json' },
    ...(method === 'POST' ? { body: '{}' } : {}),
  });
  const text = await response.text();
  return isStream && text.includes('"code":"unauthenticated"') ? 401 : response.status;
}

describe('the guest daemon', () => {
  it('asks for the access token on every route but one', async () => {
    expect(await ask({ method: 'GET', path: '/health' }, {})).toBe(200);
    for (const route of tokenRoutes) {
      for (const headers of [{}, { 'X-Access-Token': '' }, { 'X-Access-Token': own.hostSecret }]) {
        expect([route.path, await ask(route, headers)]).toEqual([route.path, 401]);
      }
    }
    const metrics = { method: 'GET', path: '/metrics' };
    expect(await ask(metrics, { 'X-Access-Token': own.accessToken })).toBe(200);
  });

  it('takes the calls of the host from nobody who only has the token, nor with the secret of its template', async () => {
    for (const route of hostRoutes) {
      for (const secret of ['', own.accessToken, templateSecret, `x${own.hostSecret}`]) {
        const headers = { 'X-Access-Token': own.accessToken, 'X-Wrenn-Host-Secret': secret };
        expect([route.path, await ask(route, headers)]).toEqual([route.path, 401]);
      }
    }
  });
});

describe('a process of an unprivileged user', () => {
  it('cannot make the calls of the host, from any address of the capsule', async () => {
    const urls = ['127.0.0.1', '[::1]', '169.254.0.21', 'localhost'].flatMap((host) =>
      hostRoutes.map(({ path }) => `http://${host}:49983${path}`),
    );
    const headers = [
      '',
      `-H 'X-Access-Token: ${own.accessToken}'`,
      `-H 'X-Access-Token: ${own.accessToken}' -H 'X-Wrenn-Host-Secret: ${own.accessToken}'`,
      `-H 'X-Wrenn-Host-Secret: ${templateSecret}' -H 'X-Forwarded-For: 169.254.0.22'`,
    ];
    const calls = urls.flatMap((url) =>
      headers.map((each) => `curl -s -o /dev/null -w '%{http_code}\\n' -X POST -d '{}' ${each} '${url}'`),
    );
    const { stdout } = await inGuest(calls.join('\n'));
    // 000: nobody listens there.
    expect(lines(stdout)).toHaveLength(calls.length);
    expect(new Set(lines(stdout))).toEqual(new Set(['401', '000']));
  });

  it('cannot look into the daemon, trace it, or send it signals', async () => {
    const { stdout, stderr } = await inGuest(`
pid=$(pgrep -o -f 'envd\\.cjs$')
cd /proc/$pid && cat cmdline >/dev/null && echo found
for file in mem environ maps smaps pagemap stack syscall io auxv; do head -c 1 $file 2>/dev/null && echo read $file; done
for folder in fd map_files cwd root exe; do ls $folder/ >/dev/null 2>&1 && echo listed $folder; done
for signal in 0 TERM STOP KILL; do kill -$signal $pid 2>/dev/null && echo sent $signal; done
python3 - $pid <<'PYTHON'
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
for request in (PTRACE_ATTACH, PTRACE_SEIZE):
    if libc.ptrace(request, pid, None, None) == 0: print('traced', request)
buffer = ctypes.create_string_buffer(8)
class iovec(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
here, there = iovec(ctypes.addressof(buffer), 8), iovec(0x400000, 8)
if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) >= 0: print('read memory')
for number, name in ((438, 'pidfd_getfd'),):
    fd = libc.syscall(434, pid, 0)
    if fd >= 0 and libc.syscall(number, fd, 0, 0) >= 0: print(name)
PYTHON
echo done`);
    expect({ stdout, stderr }).toEqual({ stdout: 'found\ndone\n', stderr: '' });
  });

  it('cannot change who the capsule is, nor the programs that envd runs from', async () => {
    const { stdout } = await inGuest(`
try() { sh -c "$1" >/dev/null 2>&1 && echo "$1"; }
try 'echo x >/run/wrenn/.WRENN_SANDBOX_ID'
try 'echo x >/run/e2b/.E2B_SANDBOX_ID'
try 'rm -f /run/wrenn/.WRENN_SANDBOX_ID'
try 'ln -sfn x /run/e2b/.E2B_TEMPLATE_ID'
try 'mv /run/wrenn /run/other'
try 'touch /run/wrenn/new'
try 'touch /run/wrenn/runtime/new'
try 'echo x >/run/wrenn/runtime/envd.cjs'
try 'echo x >/etc/machine-id'
try 'echo x >/etc/hosts'
try 'hostname other'
try 'date -s 2001-01-01'
try 'head -c 1 /dev/vda'
try 'head -c 1 /dev/vdb'
try 'mount -o remount,rw /run/wrenn/runtime'
try 'head -c 1 /dev/mem'
try 'head -c 1 /proc/kcore'
echo done`);
    expect(stdout).toBe('done\n');
  });

  it('not even as root finds a secret of the host in a file, or with what the machine was started', async () => {
    const marker = 'marker-of-this-test';
    await inGuest(
      `printf %s%s ${marker.slice(0, 6)} ${marker.slice(6)} >/dev/shm/marker
cat /proc/cmdline /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' >/dev/shm/started-with`,
      { user: 'root' },
    );
    const places = '/etc /run /dev/shm /tmp /var /home /root /opt /usr/local /proc/sys/kernel';
    const { stdout } = await inGuest(`grep -rlF -D skip -f - ${places} 2>/dev/null`, {
      user: 'root',
      stdin: [own.hostSecret, templateSecret, own.accessToken, marker].join('\n'),
    });
    // The search itself works, and finds nothing else.
    expect(lines(stdout)).toEqual(['/dev/shm/marker']);
  });
});

describe('who a capsule is', () => {
  const script = `
hostname
cat /etc/machine-id
echo "$WRENN_SANDBOX $WRENN_SANDBOX_ID $WRENN_TEMPLATE_ID"
echo "$E2B_SANDBOX $E2B_SANDBOX_ID $E2B_TEMPLATE_ID"
cd /run/wrenn && echo "$(cat .WRENN_SANDBOX) $(cat .WRENN_SANDBOX_ID) $(cat .WRENN_TEMPLATE_ID)"
cd /run/e2b && echo "$(cat .E2B_SANDBOX) $(cat .E2B_SANDBOX_ID) $(cat .E2B_TEMPLATE_ID)"
getent hosts "$(hostname)" | sed 's/ .*//'`;

  it('is the same by name, variable and file, and not what another is', async () => {
    const said = await Promise.all(ids.map(async (_, at) => lines((await inGuest(script, { at })).stdout)));
    for (const [at, id] of ids.entries()) {
      const all = `true ${id} ${own.templateId}`;
      expect(said[at]).toEqual([
        id,
        expect.stringMatching(/^[0-9a-f]{32}$/),
        all,
        all,
        all,
        all,
        '127.0.1.1',
      ]);
    }
    expect(said[0]?.[1]).not.toBe(said[1]?.[1]);
  });

  it('is what its metadata service says, with the hash of its token', async () => {
    const { stdout } = await inGuest(`${token('TOKEN')}
curl -sS -H "X-metadata-token: $TOKEN" -H 'Accept: application/json' http://169.254.169.254/`);
    expect(JSON.parse(stdout)).toEqual({
      instanceID: ids[0],
      envID: own.templateId,
      accessTokenHash: createHash('sha512').update(own.accessToken).digest('hex'),
    });
  });

  it('is told without a token to nobody, and with the token of another not either', async () => {
    const read = `curl -sS -o /dev/null -w '%{http_code}' http://169.254.169.254/instanceID`;
    expect((await inGuest(read)).stdout).toBe('401');
    const { stdout: theirs } = await inGuest(`${token('TOKEN')}\nprintf %s "$TOKEN"`);
    expect(theirs).toMatch(/^[\w-]{54}$/);
    expect((await inGuest(`${read} -H 'X-metadata-token: ${theirs}'`)).stdout).toBe('200');
    expect((await inGuest(`${read} -H 'X-metadata-token: ${theirs}'`, { at: 1 })).stdout).toBe('401');
  });

  function token(name: string): string {
    return `${name}=$(curl -sS -X PUT -H 'X-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)`;
  }
});
