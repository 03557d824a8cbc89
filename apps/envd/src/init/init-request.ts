import { isIP } from 'node:net';
import { WrennError } from '@wrenn/core';
import { parseTimestampNs } from '../clock/timestamp.ts';
import { checkEnvironment } from '../process/environment.ts';

const minEntropyBytes = 32;
const maxEntropyBytes = 512;

/** The body of `/init`. What is absent stays as it is. E2B's `lifecycleID` is left out: nothing here depends on it. */
export interface InitRequest {
  readonly accessToken?: string;
  readonly hostSecret?: string;
  /** Nanoseconds since 1970. */
  readonly timestamp?: bigint;
  readonly defaultUser?: string;
  /** Empty: the user's home. */
  readonly defaultWorkdir?: string;
  readonly envVars?: Readonly<Record<string, string>>;
  readonly capsuleId?: string;
  readonly templateId?: string;
  readonly hostname?: string;
  readonly machineId?: string;
  readonly entropy?: Uint8Array;
  readonly caBundle?: string;
  /** Where the host takes events. */
  readonly hyperloopIP?: string;
  readonly volumeMounts?: readonly never[];
}

/** Reads one field; throws a string that completes the sentence "the field …". */
type Read<T> = (value: unknown) => T;
type Readers = { readonly [Field in keyof Required<InitRequest>]: Read<Required<InitRequest>[Field]> };

const readers: Readers = {
  accessToken: text(16, 1024),
  hostSecret: text(16, 1024),
  timestamp: (value) => parseTimestampNs(anyText(value)) ?? refuse('must be an RFC 3339 time'),
  defaultUser: text(1, 256),
  defaultWorkdir: text(0, 4096),
  envVars: variables,
  capsuleId: id,
  templateId: id,
  hostname: (value) =>
    matching(
      value,
      /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
      'must be a host name of up to 63 letters',
    ),
  machineId: (value) => matching(value, /^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits'),
  entropy: bytes,
  caBundle: text(0, 512 * 1024),
  hyperloopIP: (value) => (isIP(anyText(value)) === 0 ? refuse('must be an IP address') : anyText(value)),
  volumeMounts: noVolumes,
};
const fields = Object.keys(readers) as (keyof InitRequest)[];

/**
 * Throws `invalid_request` that names the field. Fields of a later host are ignored, since this daemon may have slept
 * in a snapshot while the host learned new ones.
 *
 * By hand rather than by a schema library: this runs once in each new capsule, on code that an emulator translates
 * while the capsule's creator waits, and a library's generality was a tenth of that wait.
 */
export function parseInitRequest(body: unknown): InitRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new WrennError('invalid_request', 'the body: must be an object');
  }
  const given: Record<string, unknown> = { ...body };
  const request: Record<string, unknown> = {};
  for (const field of fields) {
    if (given[field] !== undefined) request[field] = read(field, given[field]);
  }
  return request;
}

function read(field: keyof InitRequest, value: unknown): unknown {
  try {
    return readers[field](value);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const name = thrown.part === undefined ? field : `${field}.${thrown.part}`;
    throw new WrennError('invalid_request', `${name}: ${thrown.message}`, { field: name });
  }
}

class Refusal extends Error {
  /** The key of a record's value. */
  readonly part: string | undefined;

  constructor(message: string, part?: string) {
    super(message);
    this.part = part;
  }
}

function refuse(message: string, part?: string): never {
  throw new Refusal(message, part);
}

function anyText(value: unknown): string {
  return typeof value === 'string' ? value : refuse('must be a string');
}

function text(min: number, max: number): Read<string> {
  return (value) => {
    const string = anyText(value);
    if (string.length < min) refuse(`must have at least ${min} characters`);
    if (string.length > max) refuse(`must have at most ${max} characters`);
    return string;
  };
}

function matching(value: unknown, pattern: RegExp, must: string): string {
  const string = anyText(value);
  return pattern.test(string) ? string : refuse(must);
}

function id(value: unknown): string {
  return matching(value, /^[A-Za-z0-9-]{1,64}$/, 'must be an ID of letters, digits and hyphens');
}

function variables(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse('must be an object of strings');
  // No prototype: `__proto__` is a name like any other in an environment.
  const result: Record<string, string> = Object.create(null);
  for (const [name, each] of Object.entries(value)) {
    result[name] = typeof each === 'string' ? each : refuse('must be a string', name);
  }
  checkEnvironment(result, 'envVars');
  return result;
}

function bytes(value: unknown): Uint8Array {
  const string = anyText(value);
  const decoded = Buffer.from(string, 'base64');
  // Node skips what is not base64; what it read must be what was sent.
  if (decoded.toString('base64') !== string) refuse('must be base64');
  if (decoded.length < minEntropyBytes || decoded.length > maxEntropyBytes) {
    refuse(`must be ${minEntropyBytes} to ${maxEntropyBytes} bytes`);
  }
  return decoded;
}

function noVolumes(value: unknown): readonly never[] {
  if (!Array.isArray(value)) return refuse('must be a list');
  if (value.length === 0) return [];
  throw new WrennError('not_implemented', 'volumeMounts: this version mounts no volumes', {
    field: 'volumeMounts',
  });
}
