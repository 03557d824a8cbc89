import type { Socket } from 'node:net';
import { describeError, WrennError } from '@wrenn/core';
import { stepToTimeOf } from '../clock/step-to-time-of.ts';
import type { Daemon } from '../guest/daemon.ts';
import type { Machine } from '../guest/machine.ts';
import type { Settings } from '../guest/settings.ts';
import { version } from '../version.ts';
import type { InitRequest } from './init-request.ts';

/** What was really done. A step that was not asked for, or that the image does not allow, says so. */
export interface Receipt {
  readonly version: string;
  /** 0 when no time was given. */
  readonly clock: { readonly steppedByMs: number };
  readonly entropy: { readonly reseeded: boolean };
  readonly identity: {
    readonly hostname?: string;
    readonly machineId?: string;
    /** `kept`: the machine is the one that it was, or its image cannot be changed. `removed`: new ones follow. */
    readonly sshHostKeys?: 'none' | 'kept' | 'removed';
  };
  readonly trust: { readonly installed: boolean };
  readonly connections: { readonly closed: number };
}

/**
 * Makes a machine that was just booted or restored the capsule that the host says it is. The machine comes first: only
 * when its clock, random pool and identity are right do the settings and secrets change and may processes start.
 *
 * Throws `internal_error` that names the step at fault; then no setting has changed. The same request can be repeated.
 */
export function initialise(daemon: Daemon, request: InitRequest, carriedBy: Socket): Receipt {
  const { machine } = daemon;
  const clock = step('stepping the clock', () => stepClock(machine, request, carriedBy));
  const entropy = step('reseeding the random pool', () => reseed(machine, request));
  const identity = step('giving the machine its identity', () => identify(machine, request));
  const installed = step('installing certificates', () =>
    request.caBundle === undefined ? false : machine.installCaBundle(request.caBundle),
  );
  const settings = settingsAfter(daemon.settings, request);
  step('writing who the capsule is', () => machine.writeIdentityFiles(settings));
  daemon.settings = settings;
  daemon.access.replace({ accessToken: request.accessToken, hostSecret: request.hostSecret });
  daemon.phase = 'serving';
  const closed = daemon.connections.closeAllBut(carriedBy);
  daemon.connections.keepAlive();
  // Last: what stood still across a snapshot goes on in a machine that is right.
  daemon.workload.thaw();
  return { version, clock, entropy, identity, trust: { installed }, connections: { closed } };
}

function step<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new WrennError('internal_error', `${doing}: ${describeError(cause)}`, { cause });
  }
}

function stepClock(machine: Machine, { timestamp }: InitRequest, carriedBy: Socket): Receipt['clock'] {
  if (timestamp === undefined) return { steppedByMs: 0 };
  return { steppedByMs: Number(stepToTimeOf(machine, timestamp, carriedBy)) / 1e6 };
}

function reseed(machine: Machine, { entropy }: InitRequest): Receipt['entropy'] {
  if (entropy === undefined) return { reseeded: false };
  machine.reseed(entropy);
  return { reseeded: true };
}

function identify(machine: Machine, request: InitRequest): Receipt['identity'] {
  const { hostname, machineId, hyperloopIP } = request;
  if (hostname !== undefined) machine.giveHostname(hostname);
  if (hyperloopIP !== undefined) machine.giveEventsHost(hyperloopIP);
  const named = hostname === undefined ? {} : { hostname };
  if (machineId === undefined) return named;
  if (machine.hasMachineId(machineId)) return { ...named, machineId, sshHostKeys: 'kept' };
  // First, so that the same request does it again when it was broken off here.
  const sshHostKeys = machine.removeSshHostKeys();
  return { ...named, ...(machine.giveMachineId(machineId) ? { machineId } : {}), sshHostKeys };
}

function settingsAfter(before: Settings, request: InitRequest): Settings {
  return {
    defaultUser: request.defaultUser ?? before.defaultUser,
    defaultWorkdir: workdirAfter(before.defaultWorkdir, request.defaultWorkdir),
    envVars: request.envVars ?? before.envVars,
    capsuleId: request.capsuleId ?? before.capsuleId,
    templateId: request.templateId ?? before.templateId,
    eventsAddress: eventsUrl(request.hyperloopIP) ?? before.eventsAddress,
  };
}

function workdirAfter(before: string | undefined, asked: string | undefined): string | undefined {
  if (asked === undefined) return before;
  return asked === '' ? undefined : asked;
}

function eventsUrl(ip: string | undefined): string | undefined {
  if (ip === undefined) return undefined;
  return ip.includes(':') ? `http://[${ip}]` : `http://${ip}`;
}
