import { type CapsuleId, namePattern, parseId, WrennError } from '@wrenn/core';
import type {
  CreateSandboxRequest,
  ExecRequest,
  ExecStreamRequest,
  ForkSandboxRequest,
} from '@wrenn/protocol/hostagent';
import type { CreateOptions } from '../capsules/create-capsule.ts';
import type { ExecOptions } from '../capsules/exec.ts';
import type { ChildOptions } from '../capsules/fork-capsule.ts';

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
    snapshotId:
      request.snapshotId === '' ? undefined : parseId('snapshot', request.snapshotId, 'snapshot_id'),
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

export function execOptions(request: ExecRequest | ExecStreamRequest) {
  if (request.cmd === '') throw invalid('cmd', 'is required');
  const isUnary = 'outputCapBytes' in request;
  const options: ExecOptions = {
    cmd: request.cmd,
    args: request.args,
    envs: request.envs,
    cwd: request.cwd,
    user: request.user,
    timeoutSec: isUnary && request.timeoutSec === 0 ? defaultTimeoutSec : request.timeoutSec,
    stdin: request.stdin,
  };
  const asked = isUnary && request.outputCapBytes > 0 ? request.outputCapBytes : outputCapBytes;
  return {
    id: parseId('capsule', request.sandboxId, 'sandbox_id'),
    options,
    capBytes: Math.min(asked, outputCapBytes),
  };
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
