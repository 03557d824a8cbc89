import { request as httpRequest } from 'node:http';
import { systemCode, WrennError } from '@wrenn/core';

export interface ApiCall {
  readonly method: 'GET' | 'PUT' | 'PATCH';
  /** From the slash on. */
  readonly path: string;
  readonly body?: object;
}

/** The whole configuration of a machine is some KiB, and a fault one sentence. */
const maximumAnswerBytes = 1 << 20;
/** Of a fault: its paths are ours, but it is the process that a guest may have taken over that says it. */
const maximumFaultCharacters = 500;

/** What a connection fails with whose other end is gone, or was never there. A reset has the code of a hang-up too. */
const goneCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE']);

class FirecrackerGone extends Error {
  override readonly name = 'FirecrackerGone';
}

/** Whether a call failed because no Firecracker listens at the socket, or because it ended before it answered. */
export function isGone(thrown: unknown): boolean {
  return thrown instanceof WrennError && thrown.cause instanceof FirecrackerGone;
}

/**
 * One call of Firecracker's API: what it answered, or undefined where that is nothing. Throws WrennError: agent_error with
 * Firecracker's own words when it refuses, and one that `isGone` knows when it is not there; the signal's reason when that
 * aborts. Each call has a connection of its own, so none waits behind another here.
 */
export async function callFirecracker(
  socketPath: string,
  call: ApiCall,
  signal: AbortSignal,
): Promise<unknown> {
  const what = `${call.method} ${call.path}`;
  try {
    const { status, text } = await exchange(socketPath, call, signal);
    if (status >= 200 && status < 300) return text === '' ? undefined : parsed(text, what);
    throw new WrennError('agent_error', `${what}: ${status}: ${faultIn(text)}`);
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof WrennError) throw thrown;
    if (goneCodes.has(systemCode(thrown) ?? '')) {
      throw new WrennError('agent_error', `${what}: Firecracker ended`, {
        cause: new FirecrackerGone(what, { cause: thrown }),
      });
    }
    throw new WrennError('agent_error', `${what}: Firecracker cannot be asked`, { cause: thrown });
  }
}

async function exchange(
  socketPath: string,
  { method, path, body }: ApiCall,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const answered = Promise.withResolvers<{ status: number; text: string }>();
  const headers = {
    Accept: 'application/json',
    ...(payload && { 'Content-Type': 'application/json', 'Content-Length': payload.length }),
  };
  const request = httpRequest({ socketPath, method, path, headers, signal, agent: false });
  request.on('error', answered.reject);
  request.once('response', (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maximumAnswerBytes) chunks.push(chunk);
      else response.destroy(new WrennError('agent_error', `${method} ${path}: the answer is too long`));
    });
    response.on('error', answered.reject);
    response.once('end', () =>
      answered.resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
    );
  });
  request.end(payload);
  return answered.promise;
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WrennError('agent_error', `${what}: Firecracker's answer is not JSON`, { cause });
  }
}

function faultIn(text: string): string {
  let fault = text;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'fault_message' in body)
      fault = String(body.fault_message);
  } catch {
    // Then what it said is shown as it is.
  }
  const printable = fault.replaceAll(/[^\P{C}]+/gu, ' ').trim();
  return printable === '' ? 'it does not say why' : printable.slice(0, maximumFaultCharacters);
}
