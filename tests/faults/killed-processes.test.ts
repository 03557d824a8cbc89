import { once } from 'node:events';
import { WrennClient } from '@wrenn/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { askPort, portHost } from '../support/ask-port.ts';
import { DistantEdge } from '../support/distant-edge.ts';
import { startGuestApp } from '../support/guest-app.ts';
import { resolveLocalNames } from '../support/local-names.ts';
import { type MachineState, machineState } from '../support/machine-state.ts';
import { WrennInstallation } from '../support/wrenn-installation.ts';

/** Each step starts from what the one before left: that is how a machine gets into trouble. */
describe('after kill -9', { timeout: 300_000 }, () => {
  let before: MachineState;
  let wrenn: WrennInstallation;
  let client: WrennClient;

  beforeAll(async () => {
    before = await machineState();
    wrenn = await WrennInstallation.create({ first: 26_000, count: 32 });
    await wrenn.start();
    client = await wrenn.client();
  }, 400_000);

  afterAll(async () => {
    await wrenn?.[Symbol.asyncDispose]();
    expect(await machineState()).toEqual(before);
  }, 120_000);

  const ready = () =>
    expect
      .poll(async () => (await fetch(`${wrenn.baseUrl}/readyz`).catch(() => undefined))?.status, {
        timeout: 90_000,
      })
      .toBe(200);

  it('of the host agent its capsules go on, with what they had in memory', async () => {
    const { id } = await client.capsules.create();
    await client.capsules.exec(id, { cmd: 'sh', args: ['-c', 'echo kept > /dev/shm/marker'] });
    process.kill(await wrenn.childPid('host-agent'), 'SIGKILL');
    await expect
      .poll(
        async () =>
          (await client.capsules.exec(id, { cmd: 'cat', args: ['/dev/shm/marker'] }).catch(() => undefined))
            ?.stdout,
        {
          timeout: 90_000,
        },
      )
      .toBe('kept\n');
    // Not 404, which is for a guest of whom nothing is known.
    const metadata = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', 'http://169.254.169.254/'];
    expect((await client.capsules.exec(id, { cmd: 'curl', args: metadata })).stdout).toBe('401');
    await ready();
    await client.capsules.destroy(id);
  });

  it('of the host agent what its capsules used before is still known, and goes on', async () => {
    const { id } = await client.capsules.create();
    const times = async () => {
      const { points } = await client.capsules.metrics(id);
      return points.map(({ timestampUnix }) => timestampUnix);
    };
    await expect.poll(async () => (await times()).length).toBeGreaterThanOrEqual(1);
    const [first = 0] = await times();
    // What an agent keeps in memory alone is younger than this.
    await expect.poll(async () => (await times()).at(-1)).toBeGreaterThan(first + 30);
    process.kill(await wrenn.childPid('host-agent'), 'SIGKILL');
    const killedAt = Date.now() / 1000;
    await ready();
    await expect
      .poll(async () => (await times().catch(() => [])).at(-1), { timeout: 90_000 })
      .toBeGreaterThan(killedAt);
    expect((await times())[0]).toBe(first);
    await client.capsules.destroy(id);
  });

  it('of the host agent a WebSocket to a port goes on, during its absence and when it is back', async () => {
    const { id } = await client.capsules.create({ publicPorts: true });
    await startGuestApp(client, wrenn.edgeUrl, id, 8000);
    const edge = new URL(wrenn.edgeUrl);
    const socket = new WebSocket(`ws://${edge.host}/ws`, { headers: { host: portHost(edge, id, 8000) } });
    await once(socket, 'open');
    const echo = async (text: string) => {
      socket.send(text);
      const [data] = await once(socket, 'message');
      return String(data);
    };
    expect(await echo('before')).toBe('before');
    process.kill(await wrenn.childPid('host-agent'), 'SIGKILL');
    expect(await echo('meanwhile')).toBe('meanwhile');
    let another: string | undefined;
    await expect
      .poll(async () => (another = (await client.capsules.create().catch(() => undefined))?.id), {
        timeout: 90_000,
      })
      .toBeDefined();
    // The edge knows of this one by the new agent alone: it has heard all that that had to tell.
    const daemon = `${wrenn.edgeUrl}/proxy/${another}/49983/health`;
    await expect.poll(async () => (await fetch(daemon)).status).toBe(200);
    expect(await echo('afterwards')).toBe('afterwards');
    socket.terminate();
    for (const each of [id, String(another)]) await client.capsules.destroy(each);
  });

  it('of the control plane its capsules are still there', async () => {
    const { id } = await client.capsules.create();
    process.kill(await wrenn.childPid('control-plane'), 'SIGKILL');
    await ready();
    expect(await client.capsules.get(id)).toMatchObject({ status: 'running' });
    await client.capsules.destroy(id);
  });

  it.each(['control-plane', 'host-agent', 'edge', 'relay'] as const)(
    'of the %s a terminal goes on with its client, and what was typed meanwhile arrives once and in order',
    async (app) => {
      const { id } = await client.capsules.create();
      const script = 'stty -echo raw; echo ready; exec cat';
      // Only a terminal that comes by the edge has anything to lose by the end of that.
      using _names = resolveLocalNames();
      const baseUrl = `http://api.localhost:${new URL(wrenn.edgeUrl).port}`;
      const byEdge = new WrennClient({ baseUrl, apiKey: await wrenn.apiKey() });
      const { terminals } = app === 'edge' ? byEdge : client;
      const terminal = await terminals.open(id, { cmd: 'sh', args: ['-c', script] });
      let printed = '';
      const reading = (async () => {
        for await (const bytes of terminal) printed += Buffer.from(bytes).toString();
      })();
      await expect.poll(() => printed).toContain('ready');
      const lines = Array.from({ length: 400 }, (_, at) => `${at};`);
      for (const [at, line] of lines.entries()) {
        await terminal.write(line);
        if (at === 200) process.kill(await wrenn.childPid(app), 'SIGKILL');
        if (at % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await expect.poll(() => printed, { timeout: 90_000 }).toContain('399;');
      expect(printed.slice(printed.indexOf('ready') + 'ready'.length).trim()).toBe(lines.join(''));
      terminal.kill();
      expect(await terminal.exited).toEqual({ exitCode: 137 });
      await reading;
      await ready();
      await client.capsules.destroy(id);
    },
  );

  it('of the edge and of the relay, ports and files are reached again', async () => {
    const { id } = await client.capsules.create({ publicPorts: true });
    const read = async () => {
      await client.files.write(id, '/tmp/after', 'after');
      return await client.files.readText(id, '/tmp/after');
    };
    // Both were killed before.
    await expect.poll(() => read().catch(() => undefined)).toBe('after');
    const edge = () => fetch(`${wrenn.edgeUrl}/health`).catch(() => undefined);
    await expect.poll(async () => (await edge())?.status).toBe(200);
    await startGuestApp(client, wrenn.edgeUrl, id, 8000);
    const url = `${wrenn.edgeUrl}/proxy/${id}/8000/seen`;
    const stream = await fetch(`${wrenn.edgeUrl}/proxy/${id}/8000/slow`);
    const streaming = stream.arrayBuffer();
    process.kill(await wrenn.childPid('edge'), 'SIGKILL');
    await expect(streaming).rejects.toThrow();
    await expect.poll(async () => (await fetch(url).catch(() => undefined))?.status).toBe(200);
    await using distant = await DistantEdge.start(wrenn.directory, wrenn.baseUrl);
    const host = portHost(distant.url, id, 8000);
    const throughRelay = async () => {
      const answer = await askPort(distant.url, { path: '/seen', host });
      answer.resume();
      return answer.statusCode;
    };
    expect(await throughRelay()).toBe(200);
    process.kill(await wrenn.childPid('relay'), 'SIGKILL');
    await expect.poll(() => read().catch(() => undefined)).toBe('after');
    await expect.poll(throughRelay).toBe(200);
    await client.capsules.destroy(id);
  });

  it('of the host agent and then of the control plane, a build goes on from its last step', async () => {
    const waits = 'RUN echo begun; until [ -e /tmp/go ]; do sleep 0.5; done; echo over';
    const recipe = `RUN date +%N >first\n${waits}`;
    const { id } = await client.builds.submit({ name: 'survivor', recipe, skipPrePost: true });
    /** The capsule that runs the second command, once it does: not one of those before. */
    const worker = async (earlier: readonly string[]) => {
      let found = '';
      const look = async () => {
        const running = (await client.capsules.list()).filter(({ metadata }) => metadata['build'] === id);
        const { logs = [] } = await client.builds.get(id);
        const [capsule] = running.filter((each) => !earlier.includes(each.id));
        found = capsule?.id ?? '';
        return found !== '' && logs.at(-1)?.stdout === 'begun\n';
      };
      await expect.poll(() => look().catch(() => false), { timeout: 120_000, interval: 500 }).toBe(true);
      return found;
    };
    const first = await worker([]);
    process.kill(await wrenn.childPid('host-agent'), 'SIGKILL');
    const second = await worker([first]);
    process.kill(await wrenn.childPid('control-plane'), 'SIGKILL');
    const third = await worker([first, second]);
    await client.files.write(third, '/tmp/go', '');
    for await (const event of client.builds.follow(id)) if (event.type === 'over') break;
    const done = await client.builds.get(id);
    expect(done).toMatchObject({ status: 'success' });
    const goes = done.logs?.filter(({ step }) => step === 2) ?? [];
    expect(goes.map(({ cached }) => cached)).toEqual([false, ...goes.slice(1).map(() => true)]);
    expect(goes.length).toBeGreaterThanOrEqual(3);
    expect(await client.capsules.list()).toEqual([]);
    const made = await client.capsules.create({ template: 'survivor' });
    expect((await client.capsules.exec(made.id, { cmd: 'cat', args: ['/home/user/first'] })).stdout).toMatch(
      /^\d+\n$/,
    );
    await client.capsules.destroy(made.id);
    await client.snapshots.delete('survivor');
    await ready();
  });

  it('of a virtual machine its capsule is an error, and can be destroyed', async () => {
    const { id } = await client.capsules.create();
    const state = await machineState();
    const mine = state.monitors.filter((pid) => !before.monitors.includes(pid));
    expect(mine).toHaveLength(1);
    process.kill(Number(mine[0]), 'SIGKILL');
    await expect.poll(async () => (await client.capsules.get(id)).status).toBe('error');
    await expect(client.capsules.exec(id, { cmd: 'true' })).rejects.toMatchObject({ code: 'invalid_state' });
    await client.capsules.destroy(id);
    expect(await client.capsules.get(id)).toMatchObject({ status: 'stopped' });
  });

  it('of the supervisor the next start goes on with what was stored and what still runs', async () => {
    const { id } = await client.capsules.create();
    await wrenn.kill();
    await wrenn.start();
    expect(await client.capsules.get(id)).toMatchObject({ status: 'running' });
    expect((await client.capsules.exec(id, { cmd: 'hostname' })).stdout.trim()).toBe(id);
  });

  it('a stop pauses the capsules, says so, leaves nothing running, and the next start has them', async () => {
    const [{ id } = { id: '' }] = await client.capsules.list();
    await client.capsules.exec(id, { cmd: 'sh', args: ['-c', 'echo kept > /dev/shm/marker'] });
    await wrenn.stop();
    expect(wrenn.output).toMatch(/pausing 1 running capsule/);
    expect(await machineState()).toEqual(before);
    await wrenn.start();
    await expect.poll(async () => (await client.capsules.get(id)).status).toBe('paused');
    await client.capsules.resume(id);
    expect((await client.capsules.exec(id, { cmd: 'cat', args: ['/dev/shm/marker'] })).stdout).toBe('kept\n');
    await client.capsules.destroy(id);
  });
});
