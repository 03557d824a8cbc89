import { type CapsuleId, namePattern, parseId, WrennError } from '@wrenn/core';
import type {
  CreateSandboxRequest,
  ExecRequest,
  ExecStreamRequest,
  ForkSandboxRequest,
} from '@wrenn/protocol/hostagent';
import type { CreateOptions } from '../capsules/create-capsule.ts';
import type { ChildOptions } from '../capsules/fork-capsule.ts';
import { longestRangeSec } from '../metrics/history.ts';
import type { ExecOptions } from '../processes/exec.ts';
import type { CommandOptions } from '../processes/guest-call.ts';

/** The most that `Exec` keeps of each stream, and its default. */
const outputCapBytes = 8 * 1024 * 1024;
const defaultTimeoutSec = 30;

/** Bounds of a machine. The control plane has its own, narrower ones; these keep a fault there from hurting here. */
const limits = { vcpus: 64, memoryMiB: 1024 * 1024 } as const;

export function createOptions(request: CreateSandboxRequest): CreateOptions {
  return {
    capsuleId: parseId('capsule', request.sandboxId, 'sandbox_id'),
    teamId: request.teamId,
    templateId: request.templateId,
    template: templateName(request.template),
    vcpus: within('vcpus', request.vcpus, 1, limits.vcpus),
    memoryMiB: within('memory_mb', request.memoryMb, 128, limits.memoryMiB),
    timeoutSec: request.timeoutSec,
    defaultUser: request.defaultUser === '' ? 'root' : request.defaultUser,
    defaultEnv: request.defaultEnv,
    defaultWorkdir: request.defaultWorkdir,
    snapshotId:
      request.snapshotId === '' ? undefined : parseId('snapshot', request.snapshotId, 'snapshot_id'),
    imageId: request.imageId === '' ? undefined : parseId('image', request.imageId, 'image_id'),
  };
}

/** The most children of one fork. */
const mostChildren = 100;

export function forkOptions(request: ForkSandboxRequest): {
  readonly id: CapsuleId;
  readonly children: readonly ChildOptions[];
} {
  const count = within('children', request.children.length, 1, mostChildren);
  const children = request.children.map(({ sandboxId, timeoutSec }) => ({
    capsuleId: parseId('capsule', sandboxId, 'children.sandbox_id'),
    timeoutSec,
  }));
  if (new Set(children.map(({ capsuleId }) => capsuleId)).size < count)
    throw invalid('children', 'must be different');
  return { id: parseId('capsule', request.sandboxId, 'sandbox_id'), children };
}

export function execOptions(request: ExecRequest) {
  const { outputCapBytes: asked, stdin } = request;
  const timeoutSec = request.timeoutSec === 0 ? defaultTimeoutSec : request.timeoutSec;
  const options: ExecOptions = { ...commandOptions(request), timeoutSec, stdin, stdinAfter: 'end' };
  return {
    id: parseId('capsule', request.sandboxId, 'sandbox_id'),
    options,
    capBytes: asked > 0 ? Math.min(asked, outputCapBytes) : outputCapBytes,
  };
}

export function execStreamOptions(request: ExecStreamRequest) {
  const { timeoutSec, stdin } = request;
  const stdinAfter = request.keepStdinOpen ? 'open' : 'end';
  const options: ExecOptions = { ...commandOptions(request), timeoutSec, stdin, stdinAfter };
  return { id: parseId('capsule', request.sandboxId, 'sandbox_id'), options };
}

export function commandOptions(
  request: Pick<ExecRequest, 'cmd' | 'args' | 'envs' | 'cwd' | 'user'>,
): CommandOptions {
  const { cmd, args, envs, cwd, user } = request;
  if (cmd === '') throw invalid('cmd', 'is required');
  return { cmd, args, envs, cwd, user };
}

export function metricsRange(rangeSec: number): number {
  return within('range_sec', rangeSec, 1, longestRangeSec);
}

/** Tags are read by people and stand in paths of URLs. */
const tagPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

export function tagFrom(tag: string): string {
  if (tagPattern.test(tag)) return tag;
  throw invalid('tag', 'must be 1 to 128 letters, digits, dots, colons, dashes and underscores');
}

function templateName(name: string): string {
  if (!namePattern.test(name)) throw invalid('template', 'is not a template name');
  return name;
}

function within(field: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw invalid(field, `must be from ${least} to ${most}`);
}

function invalid(field: string, why: string): WrennError {
  return new WrennError('invalid_request', `${field} ${why}`, { field });
}
