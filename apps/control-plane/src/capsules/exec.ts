import { isUtf8 } from 'node:buffer';
import { type CapsuleId, WrennError } from '@wrenn/core';
import { type ExecResponse, Outcome } from '@wrenn/protocol/hostagent';
import type { z } from 'zod';
import type { Doer } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { type ExecBody, type execResult, outputCapBytes, stdinBytes } from './exec-schemas.ts';
import { useCapsule } from './use.ts';

type ExecResult = z.output<typeof execResult>;

/** As coreutils' `timeout` says it. */
const timedOutCode = 124;

/** Runs a command to its end and returns what it wrote, cut off at the cap. */
export async function exec(
  context: ServerContext,
  doer: Doer,
  id: CapsuleId,
  body: ExecBody,
  signal: AbortSignal,
): Promise<ExecResult> {
  if (body.timeout_sec === 0) {
    throw new WrennError('invalid_request', 'timeout_sec: must be at least 1 in the foreground', {
      field: 'timeout_sec',
      remedy: 'ask for a stream with `Accept: application/x-ndjson`, which may go on without a limit',
    });
  }
  const request = { ...toAgent(id, body), outputCapBytes };
  let began = performance.now();
  const answer = await useCapsule(context, doer, id, signal, async (agent) => {
    began = performance.now();
    return await agent.exec(request, signal);
  });
  return {
    sandbox_id: id,
    cmd: body.cmd,
    ...presentOutput(answer),
    duration_ms: Math.round(performance.now() - began),
  };
}

export function toAgent(id: CapsuleId, body: ExecBody) {
  return {
    sandboxId: id,
    cmd: body.cmd,
    args: body.args,
    cwd: body.cwd,
    envs: body.envs,
    user: body.user,
    timeoutSec: body.timeout_sec,
    stdin: stdinBytes(body),
  };
}

function presentOutput(answer: ExecResponse) {
  const { stdout, stderr } = answer;
  const encoding = isUtf8(stdout) && isUtf8(stderr) ? ('utf-8' as const) : ('base64' as const);
  const node = encoding === 'utf-8' ? 'utf8' : 'base64';
  return {
    stdout: view(stdout).toString(node),
    stderr: view(stderr).toString(node),
    encoding,
    ...presentEnd(answer),
    stdout_truncated: answer.stdoutTruncated,
    stderr_truncated: answer.stderrTruncated,
  };
}

export function presentEnd({ exitCode, outcome }: { exitCode: number; outcome: Outcome }) {
  const name = outcomeName(outcome);
  return { exit_code: name === 'timed_out' ? timedOutCode : exitCode, outcome: name };
}

function outcomeName(outcome: Outcome): ExecResult['outcome'] {
  switch (outcome) {
    case Outcome.EXITED:
      return 'exited';
    case Outcome.KILLED:
      return 'killed';
    case Outcome.TIMED_OUT:
      return 'timed_out';
    // What is not said was not seen: never a success.
    default:
      return 'lost';
  }
}

/** The same bytes as a Buffer, without a copy. */
export function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
