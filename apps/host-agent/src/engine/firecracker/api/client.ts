import { deadline, until, WrennError } from '@wrenn/core';
import { z } from 'zod';
import { type ApiCall, callFirecracker, isGone } from './request.ts';
import type {
  Balloon,
  BalloonUpdate,
  BootSource,
  Drive,
  EntropyDevice,
  InstanceActionInfo,
  InstanceInfo,
  Logger,
  MachineConfiguration,
  MmdsConfig,
  MmdsContentsObject,
  NetworkInterface,
  PartialDrive,
  SerialDevice,
  SnapshotCreateParams,
  SnapshotLoadParams,
  Vm,
} from './types.generated.ts';

/** The VMM is not trusted to answer as it should: a guest may have taken it over. */
const instanceInfo: z.ZodType<InstanceInfo> = z.object({
  app_name: z.string(),
  id: z.string(),
  state: z.enum(['Not started', 'Running', 'Paused']),
  vmm_version: z.string(),
});
const firecrackerVersion = z.object({ firecracker_version: z.string() });

/** A setting is noted, or a file opened: no guest is waited for. */
const settingMs = 5_000;
/** Devices are made, or vCPUs are halted, on a host that may be busy. */
const stateChangeMs = 30_000;
/** From the start of the process until it answers. */
const startUpMs = 10_000;
/** The socket appears without an event; Firecracker makes it some ms after its start. */
const startUpPauseMs = 5;

/**
 * The calls of Firecracker's API that its engine makes; spec/firecracker.json has all. Each throws what `callFirecracker`
 * does, and `deadline_exceeded` after 5 s, or 30 s where the state of the guest changes.
 */
export class FirecrackerApi {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Waits for a Firecracker that was just started to answer, for 10 s at the most. */
  static async connect(socketPath: string, signal: AbortSignal): Promise<FirecrackerApi> {
    const api = new FirecrackerApi(socketPath);
    using limited = deadline(startUpMs, 'waiting for Firecracker to answer', signal);
    const answer = async () => {
      try {
        return await api.describe(limited);
      } catch (thrown) {
        if (isGone(thrown)) return undefined;
        throw thrown;
      }
    };
    await until(answer, startUpPauseMs, limited);
    return api;
  }

  async describe(signal: AbortSignal): Promise<InstanceInfo> {
    return this.#get('/', instanceInfo, signal);
  }

  async version(signal: AbortSignal): Promise<string> {
    return (await this.#get('/version', firecrackerVersion, signal)).firecracker_version;
  }

  /** How the machine is configured, as Firecracker says it; not checked, so for people to read. */
  vmConfig(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    return this.#get('/vm/config', z.record(z.string(), z.unknown()), signal);
  }

  putLogger(logger: Logger, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', '/logger', logger, signal);
  }

  putSerial(serial: SerialDevice, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', '/serial', serial, signal);
  }

  putBootSource(source: BootSource, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', '/boot-source', source, signal);
  }

  putDrive(drive: Drive, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', `/drives/${drive.drive_id}`, drive, signal);
  }

  /** Of a machine that was started: another file in the place of a drive's. */
  patchDrive(drive: PartialDrive, signal: AbortSignal): Promise<void> {
    return this.#set('PATCH', `/drives/${drive.drive_id}`, drive, signal);
  }

  putNetworkInterface(network: NetworkInterface, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', `/network-interfaces/${network.iface_id}`, network, signal);
  }

  putMachineConfig(config: MachineConfiguration, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', '/machine-config', config, signal);
  }

  putMmdsConfig(config: MmdsConfig, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', '/mmds/config', config, signal);
  }

  /** What the guest is told of itself; replaces what it was told before. */
  putMmds(contents: MmdsContentsObject, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', '/mmds', contents, signal);
  }

  putBalloon(balloon: Balloon, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', '/balloon', balloon, signal);
  }

  /** Of a machine that was started. */
  patchBalloon(balloon: BalloonUpdate, signal: AbortSignal): Promise<void> {
    return this.#set('PATCH', '/balloon', balloon, signal);
  }

  putEntropy(device: EntropyDevice, signal: AbortSignal): Promise<void> {
    return this.#set('PUT', '/entropy', device, signal);
  }

  /** Lets the guest boot that was configured. */
  async start(signal: AbortSignal): Promise<void> {
    const body: InstanceActionInfo = { action_type: 'InstanceStart' };
    await this.#limited(stateChangeMs, { method: 'PUT', path: '/actions', body }, signal);
  }

  async setVm(state: Vm['state'], signal: AbortSignal): Promise<void> {
    const body: Vm = { state };
    await this.#limited(stateChangeMs, { method: 'PATCH', path: '/vm', body }, signal);
  }

  /** Of a guest that is paused. Takes as long as its memory takes to be written: only `signal` ends it. */
  async createSnapshot(body: SnapshotCreateParams, signal: AbortSignal): Promise<void> {
    await callFirecracker(this.#socketPath, { method: 'PUT', path: '/snapshot/create', body }, signal);
  }

  /** Into a Firecracker that was told nothing but where to log. Only `signal` ends it. */
  async loadSnapshot(body: SnapshotLoadParams, signal: AbortSignal): Promise<void> {
    await callFirecracker(this.#socketPath, { method: 'PUT', path: '/snapshot/load', body }, signal);
  }

  async #get<T>(path: string, expected: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const answer = await this.#limited(settingMs, { method: 'GET', path }, signal);
    const { data, error } = expected.safeParse(answer);
    if (data !== undefined) return data;
    throw new WrennError('agent_error', `GET ${path}: not what Firecracker answers`, { cause: error });
  }

  async #set(method: 'PUT' | 'PATCH', path: string, body: object, signal: AbortSignal): Promise<void> {
    await this.#limited(settingMs, { method, path, body }, signal);
  }

  async #limited(ms: number, call: ApiCall, signal: AbortSignal): Promise<unknown> {
    using limited = deadline(ms, `Firecracker's ${call.method} ${call.path}`, signal);
    return await callFirecracker(this.#socketPath, call, limited);
  }
}
