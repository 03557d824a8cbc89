import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import type { SavedState } from './bodies.ts';
import { FakeMachine } from './state.ts';
import type { World } from './world.ts';

const version = '1.16.2';
const source = { kernel_image_path: '/kernel' };
const root = { drive_id: 'rootfs', is_root_device: true, is_read_only: false, path_on_host: '/rootfs' };
const network = { iface_id: 'eth0', host_dev_name: 'tap0' };
const refused = (message: string) => ({ status: 400, message: expect.stringContaining(message) });
const done = { status: 204 };

/** A host where all files are there but those in `missing`. */
function machineOf(missing: string[] = []) {
  const opened: string[] = [];
  const states = new Map<string, SavedState>();
  const failing: { next: string | undefined } = { next: undefined };
  const open = (path: string) => {
    if (missing.includes(path)) throw new Error(`no such file: ${path}`);
    opened.push(path);
  };
  const world: World = {
    openFile: open,
    openLog: open,
    openSerial: open,
    openInterface: open,
    boot: async () => undefined,
    load: async ({ backend }) => open(backend.backend_path),
    saveMemory: async () => {
      if (failing.next !== undefined) throw new Error(failing.next);
    },
    writeState: (path, state) => void states.set(path, state),
    readState: (path) => {
      open(path);
      const state = states.get(path);
      if (state === undefined) throw new Error('no state');
      return state;
    },
  };
  const machine = new FakeMachine(world, { id: 'a', version });
  return {
    world,
    states,
    opened,
    failing,
    say: (name: string, body?: unknown) => machine.handle({ name, body }),
  };
}

async function bootedMachine(config: object = { track_dirty_pages: true }) {
  const machine = machineOf();
  const { say } = machine;
  await say('PUT /boot-source', source);
  await say('PUT /drives/{drive_id}', root);
  await say('PUT /network-interfaces/{iface_id}', network);
  await say('PUT /mmds/config', { network_interfaces: ['eth0'], version: 'V2' });
  await say('PUT /machine-config', { vcpu_count: 1, mem_size_mib: 16, ...config });
  expect(await say('PUT /actions', { action_type: 'InstanceStart' })).toEqual(done);
  return machine;
}

it('starts a machine that has a kernel and a root drive, and no other', async () => {
  const { say } = machineOf();
  const start = () => say('PUT /actions', { action_type: 'InstanceStart' });
  expect(await start()).toEqual(refused('no kernel'));
  await say('PUT /boot-source', source);
  expect(await start()).toEqual(refused('no root drive'));
  await say('PUT /drives/{drive_id}', root);
  expect(await start()).toEqual(done);
  expect(await say('GET /')).toMatchObject({ body: { state: 'Running', id: 'a', vmm_version: version } });
  expect(await start()).toEqual(refused('not supported after starting'));
});

it('opens what it is given to, and refuses what it cannot open', async () => {
  const { say, opened } = machineOf(['/rootfs', '/initrd', 'tap1', '/log']);
  expect(await say('PUT /drives/{drive_id}', root)).toEqual(refused('no such file: /rootfs'));
  expect(await say('PUT /boot-source', { ...source, initrd_path: '/initrd' })).toEqual(refused('/initrd'));
  expect(await say('PUT /network-interfaces/{iface_id}', { ...network, host_dev_name: 'tap1' })).toEqual(
    refused('tap1'),
  );
  expect(await say('PUT /logger', { log_path: '/log' })).toEqual(refused('/log'));
  expect(opened).toEqual(['/kernel']);
});

it('opens what the guest prints to when it starts, not before', async () => {
  const { say } = machineOf(['/console']);
  expect(await say('PUT /serial', { serial_out_path: '/console' })).toEqual(done);
  await say('PUT /boot-source', source);
  await say('PUT /drives/{drive_id}', root);
  const start = () => say('PUT /actions', { action_type: 'InstanceStart' });
  expect(await start()).toEqual(refused('no such file: /console'));
  await say('PUT /serial', { serial_out_path: '/other' });
  expect(await start()).toEqual(done);
});

it('refuses what configures a machine once it was started', async () => {
  const { say } = await bootedMachine();
  for (const name of [
    'PUT /boot-source',
    'PUT /drives/{drive_id}',
    'PUT /machine-config',
    'PUT /mmds/config',
  ]) {
    expect(await say(name, {})).toEqual(refused('not supported after starting'));
  }
  expect(await say('PUT /logger', {})).toEqual(refused('not supported after starting'));
});

it('refuses what needs a machine before there is one', async () => {
  const { say } = machineOf();
  for (const name of ['PATCH /vm', 'PATCH /balloon', 'PATCH /drives/{drive_id}', 'PUT /snapshot/create']) {
    expect(await say(name, {})).toEqual(refused('not supported before starting'));
  }
  expect(await say('PUT /actions', { action_type: 'SendCtrlAltDel' })).toEqual(refused('before starting'));
});

it('takes metadata when it is configured, for interfaces that it knows', async () => {
  const { say } = machineOf();
  expect(await say('PUT /mmds', { a: 1 })).toEqual(refused('not configured'));
  const config = { network_interfaces: ['eth0'] };
  expect(await say('PUT /mmds/config', config)).toEqual(refused('no network interface eth0'));
  await say('PUT /network-interfaces/{iface_id}', network);
  expect(await say('PUT /mmds/config', config)).toEqual(done);
  expect(await say('PUT /mmds', { a: 1 })).toEqual(done);
  expect(await say('GET /mmds')).toEqual({ status: 200, body: { a: 1 } });
});

it('has one root drive', async () => {
  const { say } = machineOf();
  await say('PUT /drives/{drive_id}', root);
  expect(await say('PUT /drives/{drive_id}', { ...root, drive_id: 'other' })).toEqual(
    refused('root block device'),
  );
  expect(await say('PUT /drives/{drive_id}', { ...root, path_on_host: '/another' })).toEqual(done);
});

it('makes a snapshot only of a machine that is paused', async () => {
  const { say, states } = await bootedMachine();
  const create = () => say('PUT /snapshot/create', { snapshot_path: '/s', mem_file_path: '/m' });
  expect(await create()).toEqual(refused('not paused'));
  await say('PATCH /vm', { state: 'Paused' });
  expect(await create()).toEqual(done);
  expect(states.get('/s')).toMatchObject({ fakeFirecracker: version, drives: [root], interfaces: [network] });
  await say('PATCH /vm', { state: 'Resumed' });
  expect(await create()).toEqual(refused('not paused'));
});

it('makes a Diff only where writes are tracked', async () => {
  const { say } = await bootedMachine({ track_dirty_pages: false });
  await say('PATCH /vm', { state: 'Paused' });
  const diff = { snapshot_path: '/s', mem_file_path: '/m', snapshot_type: 'Diff' };
  expect(await say('PUT /snapshot/create', diff)).toEqual(refused('not tracked'));
});

it('stays paused when a snapshot fails', async () => {
  const { say, failing } = await bootedMachine();
  await say('PATCH /vm', { state: 'Paused' });
  failing.next = 'the disk is full';
  expect(await say('PUT /snapshot/create', { snapshot_path: '/s', mem_file_path: '/m' })).toEqual(
    refused('the disk is full'),
  );
  expect(await say('GET /')).toMatchObject({ body: { state: 'Paused' } });
});

const load = { snapshot_path: '/s', mem_backend: { backend_type: 'File', backend_path: '/memory' } };
const saved: SavedState = {
  fakeFirecracker: version,
  machine: { vcpu_count: 1, mem_size_mib: 16 },
  drives: [root],
  interfaces: [network],
  mmds: { network_interfaces: ['eth0'] },
  balloon: null,
};

it('loads a snapshot into a process that was told only where to log, and opens what the snapshot names', async () => {
  const { say, states, opened } = machineOf();
  states.set('/s', saved);
  await say('PUT /logger', { log_path: '/log' });
  expect(await say('PUT /snapshot/load', load)).toEqual(done);
  expect(opened).toEqual(['/log', '/s', '/rootfs', 'tap0', '/memory']);
  expect(await say('GET /')).toMatchObject({ body: { state: 'Paused' } });
  expect(await say('PUT /mmds', {})).toEqual(done);
});

it('loads no snapshot into a process that was configured, even where that failed', async () => {
  const { say, states } = machineOf(['/kernel']);
  states.set('/s', saved);
  expect(await say('PUT /boot-source', source)).toEqual(refused('/kernel'));
  expect(await say('PUT /snapshot/load', load)).toEqual(refused('not allowed'));
});

it('ends after a snapshot that it could not load', async () => {
  const other = machineOf();
  other.states.set('/s', { ...saved, fakeFirecracker: '1.16.3' });
  expect(await other.say('PUT /snapshot/load', load)).toEqual({ ...refused('version 1.16.3'), exits: 1 });
  const incomplete = machineOf(['/rootfs']);
  incomplete.states.set('/s', saved);
  expect(await incomplete.say('PUT /snapshot/load', load)).toEqual({ ...refused('/rootfs'), exits: 1 });
});

it('wants one source of the memory, and goes on when there are two', async () => {
  const { say, states } = machineOf();
  states.set('/s', saved);
  expect(await say('PUT /snapshot/load', { ...load, mem_file_path: '/m' })).toEqual(refused('Exactly one'));
});

const anyCall = fc.constantFrom<[string, unknown]>(
  ['PUT /boot-source', source],
  ['PUT /drives/{drive_id}', root],
  ['PUT /actions', { action_type: 'InstanceStart' }],
  ['PATCH /vm', { state: 'Paused' }],
  ['PATCH /vm', { state: 'Resumed' }],
  ['PUT /snapshot/create', { snapshot_path: '/s', mem_file_path: '/m' }],
);
test.prop([fc.array(anyCall)])(
  'makes a snapshot exactly after a start and a pause, whatever came before',
  async (calls) => {
    const { say } = machineOf();
    const seen = { kernel: false, root: false, started: false, paused: false };
    for (const [name, body] of calls) {
      const { status } = await say(name, body);
      const isAllowed = status === 204;
      switch (name) {
        case 'PUT /boot-source':
          expect(isAllowed).toBe(!seen.started);
          seen.kernel ||= isAllowed;
          break;
        case 'PUT /drives/{drive_id}':
          expect(isAllowed).toBe(!seen.started);
          seen.root ||= isAllowed;
          break;
        case 'PUT /actions':
          expect(isAllowed).toBe(!seen.started && seen.kernel && seen.root);
          seen.started ||= isAllowed;
          break;
        case 'PATCH /vm':
          expect(isAllowed).toBe(seen.started);
          if (isAllowed) seen.paused = (body as { state: string }).state === 'Paused';
          break;
        default:
          expect(isAllowed).toBe(seen.started && seen.paused);
      }
    }
  },
);
