import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capture, frozenTemplate, textAt } from '../testing/fake-captures.ts';
import { FakeFirecrackerHost } from '../testing/fake-firecracker-host.ts';

const never = new AbortController().signal;
const page = 4096;

let host: FakeFirecrackerHost;
beforeAll(async () => {
  host = await FakeFirecrackerHost.open();
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

describe("Firecracker's engine, on a fake Firecracker", () => {
  it('says why Firecracker could not write a snapshot, and has every page in the next', async () => {
    const frozen = await frozenTemplate(host);
    const machine = await host.restore(frozen.snapshot, frozen.disk);
    await machine.guest.write(page, Buffer.from('kept'));
    await machine.guest.failNextCreate('no space left');
    await machine.machine.stop(never);
    await expect(
      machine.machine.saveState(join(machine.directory, 'saved-state'), never),
    ).rejects.toMatchObject({ code: 'agent_error', message: expect.stringContaining('no space left') });
    const captured = await capture(host, machine, frozen);
    await machine.end();
    const again = await host.restore(captured.snapshot, captured.disk);
    expect(await textAt(again, page, 4)).toBe('kept');
    await again.end();
  });

  it('finds a machine again that outlived its agent, with what it wrote before', async () => {
    const frozen = await frozenTemplate(host);
    const first = await host.restore(frozen.snapshot, frozen.disk);
    await first.guest.write(page, Buffer.from('old'));
    const captured = await capture(host, first, frozen);
    await first.end();
    const machine = await host.restore(captured.snapshot, captured.disk);
    await machine.guest.write(3 * page, Buffer.from('new'));
    const adopted = await (await host.anotherEngine()).adopt(machine.machine.record, never);
    expect(adopted).toBeDefined();
    if (adopted === undefined) return;
    const again = await capture(host, { ...machine, machine: adopted }, captured);
    await adopted.kill();
    await adopted.exited;
    const last = await host.restore(again.snapshot, again.disk);
    expect(await textAt(last, page, 3)).toBe('old');
    expect(await textAt(last, 3 * page, 3)).toBe('new');
    await last.end();
    await machine.end();
  });

  it('runs the VMM confined: as the slot’s user, in its namespace, with nothing of the host but what it was given', async () => {
    const frozen = await frozenTemplate(host);
    const { machine, spec, end } = await host.restore(frozen.snapshot, frozen.disk);
    const status = await readFile(`/proc/${machine.record.pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`Uid:\\s+${spec.slot.uid}\\s+${spec.slot.uid}\\s+${spec.slot.uid}`));
    expect(status).toMatch(/Groups:\s*\n/);
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(status).toMatch(/CapEff:\s+0+\n/);
    const mounts = await readFile(`/proc/${machine.record.pid}/mounts`, 'utf8');
    expect(mounts).toContain(' /tmp/fc-vm ');
    expect(mounts).toMatch(/ \/tmp\/fc-vm\/runtime \S+ ro,/);
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain('/tmp/fc-vm');
    await end();
  });
});

describe('the requests that a machine is made by', () => {
  /** What each fake was asked, in order, without what is a look at its state. It refuses what the description does not allow. */
  async function requests(
    of: () => Promise<void>,
  ): Promise<{ readonly call: string; readonly body?: unknown; readonly status: number }[]> {
    const before = (await readFile(host.journal, 'utf8')).length;
    await of();
    const lines = (await readFile(host.journal, 'utf8')).slice(before).trim().split('\n');
    return lines.map((line) => JSON.parse(line)).filter(({ call }) => !call.startsWith('GET '));
  }
  const named = (list: readonly { readonly call: string; readonly status: number }[]) => {
    expect(list.every(({ status }) => status === 204)).toBe(true);
    return list.map(({ call }) => call);
  };

  it('are the settings, then the start, for a boot; and the whole memory, once it stands still', async () => {
    const asked = await requests(async () => {
      await frozenTemplate(host);
    });
    expect(named(asked)).toEqual([
      'PUT /logger',
      'PUT /boot-source',
      'PUT /drives/rootfs',
      'PUT /drives/runtime',
      'PUT /network-interfaces/eth0',
      'PUT /machine-config',
      'PUT /mmds/config',
      'PUT /mmds',
      'PUT /balloon',
      'PUT /entropy',
      'PUT /actions',
      'PATCH /vm',
      'PUT /snapshot/create',
    ]);
    const limit = { bandwidth: { size: 209715200, refill_time: 1000, one_time_burst: 104857600 } };
    expect(asked[4]?.body).toMatchObject({ tx_rate_limiter: limit, rx_rate_limiter: limit });
    expect(asked[5]?.body).toMatchObject({ track_dirty_pages: true, smt: false });
    expect(asked[12]?.body).toMatchObject({ snapshot_type: 'Full', mem_file_path: '/tmp/fc-vm/memory' });
  });

  it('are one load and the metadata before the guest goes on, for a restore and each clone', async () => {
    const frozen = await frozenTemplate(host);
    const asked = await requests(async () => {
      const [one, other] = [
        await host.restore(frozen.snapshot, frozen.disk),
        await host.restore(frozen.snapshot, frozen.disk),
      ];
      await one.end();
      await other.end();
    });
    const restore = ['PUT /logger', 'PUT /snapshot/load', 'PUT /mmds', 'PATCH /vm'];
    expect(named(asked)).toEqual([...restore, ...restore]);
    expect(asked[1]?.body).toMatchObject({
      mem_backend: { backend_type: 'File' },
      track_dirty_pages: true,
      resume_vm: false,
    });
  });

  it('are a pause and what was written since, for a capture; a page server gives it to the next', async () => {
    const frozen = await frozenTemplate(host);
    const first = await host.restore(frozen.snapshot, frozen.disk);
    await first.guest.write(page, Buffer.from('changed'));
    const asked = await requests(async () => {
      const captured = await capture(host, first, frozen);
      await first.end();
      const second = await host.restore(captured.snapshot, captured.disk);
      await second.end();
    });
    expect(named(asked).slice(0, 4)).toEqual([
      'PATCH /vm',
      'PUT /snapshot/create',
      'PUT /logger',
      'PUT /snapshot/load',
    ]);
    expect(asked[1]?.body).toMatchObject({ snapshot_type: 'Diff' });
    expect(asked[3]?.body).toMatchObject({
      mem_backend: { backend_type: 'Uffd', backend_path: '/tmp/fc-vm/uffd.sock' },
    });
  });
});
