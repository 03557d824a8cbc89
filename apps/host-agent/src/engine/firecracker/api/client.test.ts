import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocketServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { FirecrackerApi } from './client.ts';
import { lifeline } from './lifeline.ts';
import { isGone } from './request.ts';

const never = new AbortController().signal;
const described = { app_name: 'Firecracker', id: 'a', state: 'Running', vmm_version: '1.16.2' };

interface Seen {
  readonly call: string;
  readonly body: unknown;
}

async function socketPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-api-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'api.sock');
}

async function serve(answer: (response: ServerResponse) => void) {
  const path = await socketPath();
  const seen: Seen[] = [];
  const hear = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await readText(request);
    seen.push({ call: `${request.method} ${request.url}`, body: text === '' ? undefined : JSON.parse(text) });
    answer(response);
  };
  const server = createServer((request, response) => void hear(request, response));
  await new Promise<void>((listening) => server.listen(path, listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { path, seen, server, api: new FirecrackerApi(path) };
}

const noContent = (response: ServerResponse) => void response.writeHead(204).end();
const faulty = (status: number, text: string) => (response: ServerResponse) =>
  void response.writeHead(status).end(text);

it('names a drive and an interface in the path as in the body', async () => {
  const { api, seen } = await serve(noContent);
  const drive = { drive_id: 'rootfs', is_root_device: true, path_on_host: '/a' };
  await api.putDrive(drive, never);
  await api.patchDrive({ drive_id: 'rootfs', path_on_host: '/b' }, never);
  await api.putNetworkInterface({ iface_id: 'eth0', host_dev_name: 'tap0' }, never);
  expect(seen).toEqual([
    { call: 'PUT /drives/rootfs', body: drive },
    { call: 'PATCH /drives/rootfs', body: { drive_id: 'rootfs', path_on_host: '/b' } },
    { call: 'PUT /network-interfaces/eth0', body: { iface_id: 'eth0', host_dev_name: 'tap0' } },
  ]);
});

it('changes the state of a guest by an action and by its machine', async () => {
  const { api, seen } = await serve(noContent);
  await api.start(never);
  await api.setVm('Paused', never);
  await api.createSnapshot({ mem_file_path: 'm', snapshot_path: 's', snapshot_type: 'Diff' }, never);
  await api.loadSnapshot({ snapshot_path: 's' }, never);
  expect(seen).toEqual([
    { call: 'PUT /actions', body: { action_type: 'InstanceStart' } },
    { call: 'PATCH /vm', body: { state: 'Paused' } },
    {
      call: 'PUT /snapshot/create',
      body: { mem_file_path: 'm', snapshot_path: 's', snapshot_type: 'Diff' },
    },
    { call: 'PUT /snapshot/load', body: { snapshot_path: 's' } },
  ]);
});

it('says which call was refused, and why in the words of Firecracker', async () => {
  const { api } = await serve(faulty(400, '{"fault_message":"No such\\nfile\\u001b[2J."}'));
  const refused = api.putDrive({ drive_id: 'rootfs', is_root_device: true }, never);
  await expect(refused).rejects.toMatchObject({
    code: 'agent_error',
    message: 'PUT /drives/rootfs: 400: No such file [2J.',
  });
  expect(isGone(await refused.catch((thrown: unknown) => thrown))).toBe(false);
});

it('keeps a fault short', async () => {
  const { api } = await serve(faulty(400, 'x'.repeat(100_000)));
  const thrown: unknown = await api.start(never).catch((error: unknown) => error);
  expect(String(thrown).length).toBeLessThan(600);
});

it('gives up on an answer that does not end', async () => {
  const { api } = await serve((response) => {
    const more = () => {
      while (response.write('x'.repeat(1 << 16)));
    };
    response.writeHead(200).on('drain', more);
    more();
  });
  await expect(api.describe(never)).rejects.toMatchObject({ message: 'GET /: the answer is too long' });
});

it('refuses an answer that Firecracker does not give', async () => {
  const { api } = await serve(faulty(200, '{"state":"Dancing"}'));
  await expect(api.describe(never)).rejects.toMatchObject({
    message: 'GET /: not what Firecracker answers',
  });
  const noise = await serve(faulty(200, 'hello'));
  await expect(noise.api.describe(never)).rejects.toMatchObject({
    message: "GET /: Firecracker's answer is not JSON",
  });
});

it('knows that nobody is there from a socket that is missing, and from a connection that breaks', async () => {
  const missing = await new FirecrackerApi(await socketPath())
    .describe(never)
    .catch((thrown: unknown) => thrown);
  expect(isGone(missing)).toBe(true);
  const { api } = await serve((response) => void response.socket?.destroy());
  expect(isGone(await api.setVm('Paused', never).catch((thrown: unknown) => thrown))).toBe(true);
});

it('stops waiting with the reason of its caller', async () => {
  const caller = new AbortController();
  const reason = new Error('no longer wanted');
  const { api } = await serve(() => caller.abort(reason));
  const creating = api.createSnapshot({ mem_file_path: 'm', snapshot_path: 's' }, caller.signal);
  await expect(creating).rejects.toBe(reason);
});

it('waits for a Firecracker whose socket comes later', async () => {
  const path = await socketPath();
  const connecting = FirecrackerApi.connect(path, never);
  const server = createServer((_, response) => void response.end(JSON.stringify(described)));
  onTestFinished(() => void server.close());
  server.listen(path);
  await expect((await connecting).describe(never)).resolves.toEqual(described);
});

it('notices the end of a process by an idle connection', async () => {
  const path = await socketPath();
  const server = createSocketServer();
  await new Promise<void>((listening) => server.listen(path, listening));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  using line = await lifeline(path, never);
  (await accepted).destroy();
  await line.closed;
  await new Promise((closed) => server.close(closed));
  await expect(lifeline(path, never)).rejects.toMatchObject({ code: 'agent_error' });
});
