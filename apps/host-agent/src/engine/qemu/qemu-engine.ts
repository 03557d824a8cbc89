import { stat } from 'node:fs/promises';
import { deadline, describeError, systemCode, until, WrennError } from '@wrenn/core';
import { qcow2Disks } from '../../disks/qcow2/qcow2-disks.ts';
import { isRunning, killProcess } from '../../process/process-identity.ts';
import { run } from '../../process/run.ts';
import type {
  BootMemory,
  Engine,
  EngineTraits,
  Isolation,
  Machine,
  MachineSnapshot,
  MachineSpec,
} from '../engine.ts';
import { hostCpu } from '../host-cpu.ts';
import { type MachineRecord, type QemuRecord, runningRecord } from '../machine-record.ts';
import { machineFiles, type QemuStart, qemuArguments, qemuProgram } from './arguments.ts';
import { hostTscKhz } from './host-tsc.ts';
import { QemuMachine } from './qemu-machine.ts';
import { Qmp } from './qmp.ts';
import { logTail, startVmm } from './vmm-process.ts';

/** QEMU answers 40 to 90 ms after the spawn; this allows for a host that is very busy. */
const controlDeadlineMs = 20_000;
const restoreDeadlineMs = 20_000;

export class QemuEngine implements Engine {
  readonly traits: EngineTraits;
  readonly disks = qcow2Disks;

  readonly #tscKhz: number | undefined;
  readonly #groups: readonly number[];

  private constructor(traits: EngineTraits, tscKhz: number | undefined, groups: readonly number[]) {
    this.traits = traits;
    this.#tscKhz = tscKhz;
    this.#groups = groups;
  }

  /** Asks the installed QEMU for its exact build. */
  static async open(isolation: Isolation, signal: AbortSignal): Promise<QemuEngine> {
    const { stdout } = await run([qemuProgram, '--version'], { signal, timeoutMs: 10_000 });
    const build = stdout
      .split('\n')[0]
      ?.replace(/^QEMU emulator version /, '')
      .trim();
    if (!build) throw new WrennError('missing_prerequisite', `${qemuProgram} does not say its version`);
    const tscKhz = await hostTscKhz();
    const cpu = isolation === 'kvm' ? await hostCpu() : `qemu max, tsc ${tscKhz ?? 'unknown'} kHz`;
    // Debian gives /dev/kvm to a group, which a machine's own user is not in. Not tried here: this needs a host with KVM.
    const groups = isolation === 'kvm' ? [(await stat('/dev/kvm')).gid].filter((gid) => gid !== 0) : [];
    return new QemuEngine({ name: 'qemu', isolation, build, builds: [build], cpu }, tscKhz, groups);
  }

  boot(spec: MachineSpec, memory: BootMemory, signal: AbortSignal): Promise<Machine> {
    return this.#start(spec, { kind: 'boot', memory: memory.path }, signal);
  }

  async restore(spec: MachineSpec, snapshot: MachineSnapshot, signal: AbortSignal): Promise<Machine> {
    using limit = deadline(restoreDeadlineMs, 'restoring the virtual machine', signal);
    const { base, changes } = snapshot.memory;
    const machine = await this.#start(spec, { kind: 'restore', memory: base }, limit);
    try {
      if (changes.length > 0) {
        using memory = await machine.openMemory(limit);
        await memory.lay(changes, limit);
      }
      await machine.resumeFrom(snapshot.deviceState, `${spec.directory}/${machineFiles.incoming}`, limit);
      return machine;
    } catch (cause) {
      await machine.kill();
      throw await this.#fault('restoring', spec, cause);
    }
  }

  async adopt(found: MachineRecord, signal: AbortSignal): Promise<Machine | undefined> {
    const record = await runningRecord(found, 'qemu');
    if (record === undefined) return undefined;
    using limit = deadline(controlDeadlineMs, 'finding the virtual machine again', signal);
    try {
      const qmp = await Qmp.connect(record.controlSocket, limit);
      const machine = new QemuMachine(
        { ...record, build: record.build ?? this.traits.build },
        qmp,
        qmp.closed,
      );
      machine.catchUp();
      return machine;
    } catch (thrown) {
      if (systemCode(thrown) === undefined) throw thrown;
      // It died between the look and the connection.
      return undefined;
    }
  }

  /** A machine takes nothing of the host but what its slot, cgroup and directory are. */
  async sweep(): Promise<string[]> {
    return [];
  }

  async #start(spec: MachineSpec, start: QemuStart, signal: AbortSignal): Promise<QemuMachine> {
    const controlSocket = `${spec.directory}/${machineFiles.control}`;
    const args = qemuArguments(spec, start, this.traits.isolation, this.#tscKhz);
    const vmm = await startVmm(spec, args, this.#groups);
    const { pid, startTicks } = vmm;
    const record = { engine: 'qemu', pid, startTicks, controlSocket, build: this.traits.build } as const;
    try {
      using limit = deadline(controlDeadlineMs, 'waiting for QEMU', signal);
      return new QemuMachine(record, await connect(record, limit), vmm.exited);
    } catch (cause) {
      await killProcess(vmm);
      throw await this.#fault('starting', spec, cause);
    }
  }

  async #fault(doing: string, spec: MachineSpec, cause: unknown): Promise<WrennError> {
    if (cause instanceof WrennError && cause.code !== 'agent_error') return cause;
    const said = await logTail(spec.directory);
    return new WrennError(
      'agent_error',
      `${doing} the virtual machine: ${describeError(cause)} (QEMU: ${said})`,
      { cause },
    );
  }
}

/** The socket appears a while after the spawn, and listens a moment after it appears. */
function connect(record: QemuRecord, signal: AbortSignal): Promise<Qmp> {
  return until(
    async () => {
      try {
        return await Qmp.connect(record.controlSocket, signal);
      } catch (thrown) {
        if (systemCode(thrown) !== 'ENOENT' && systemCode(thrown) !== 'ECONNREFUSED') throw thrown;
        if (await isRunning(record)) return undefined;
        throw new WrennError('agent_error', 'QEMU ended before it was ready');
      }
    },
    2,
    signal,
  );
}
