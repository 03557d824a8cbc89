import type { WrennClient } from '@wrenn/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGuestApp } from '../support/guest-app.ts';
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
      const terminal = await client.terminals.open(id, { cmd: 'sh', args: ['-c', script] });
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
    await startGuestApp(client, wrenn.edgeUrl, id, 8000);
    const url = `${wrenn.edgeUrl}/proxy/${id}/8000/seen`;
    const stream = await fetch(`${wrenn.edgeUrl}/proxy/${id}/8000/slow`);
    const streaming = stream.arrayBuffer();
    process.kill(await wrenn.childPid('edge'), 'SIGKILL');
    await expect(streaming).rejects.toThrow();
    await expect
      .poll(async () => (await fetch(url).catch(() => undefined))?.status, { timeout: 30_000 })
      .toBe(200);
    process.kill(await wrenn.childPid('relay'), 'SIGKILL');
    const read = async () => {
      await client.files.write(id, '/tmp/after', 'after');
      return await client.files.readText(id, '/tmp/after');
    };
    await expect.poll(() => read().catch(() => undefined), { timeout: 30_000 }).toBe('after');
    await client.capsules.destroy(id);
  });

  it('of a virtual machine its capsule is an error, and can be destroyed', async () => {
    const { id } = await client.capsules.create();
    const state = await machineState();
    const mine = state.monitors.filter((pid) => !before.monitors.includes(pid));
    expect(mine).toHaveLength(1);
    process.kill(Number(mine[0]), 'SIGKILL');
    await expect.poll(async () => (await client.capsules.get(id)).status, { timeout: 60_000 }).toBe('error');
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
    await expect.poll(async () => (await client.capsules.get(id)).status, { timeout: 60_000 }).toBe('paused');
    await client.capsules.resume(id);
    expect((await client.capsules.exec(id, { cmd: 'cat', args: ['/dev/shm/marker'] })).stdout).toBe('kept\n');
    await client.capsules.destroy(id);
  });
});
