/** Between the API's snake_case and JavaScript's camelCase, for the objects that this client knows. */
import { isObject } from './error.ts';
import type { ExecOptions } from './types.ts';

const times = new Set([
  'at',
  'createdAt',
  'startedAt',
  'lastActiveAt',
  'lastUpdated',
  'pausedAt',
  'completedAt',
  'finishedAt',
  'expiresAt',
]);
/** Their keys are the user's own, or the guest's. */
const opaque = new Set(['metadata', 'envs', 'receipt', 'result']);

/** An answer as what the API says it is. */
export async function answerOf<T>(response: Response): Promise<T> {
  return fromWire(await response.json()) as T;
}

export function execBody({ stdin, ...options }: ExecOptions): object {
  const input =
    stdin === undefined
      ? {}
      : typeof stdin === 'string'
        ? { stdin }
        : { stdin: toBase64(stdin), stdin_encoding: 'base64' };
  return { ...toWire(options), ...input };
}

/** One level deep: no request holds more. Fields that are undefined are left out. */
export function toWire(options: object): object {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [snakeCase(name), value]));
}

export function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => {
    const name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (times.has(name)) return [name, new Date(String(inner))];
    return [name, opaque.has(name) ? inner : fromWire(inner)];
  });
  return Object.fromEntries(entries);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Node's Buffer does it ten times as fast as what browsers have. */
const isNode = typeof Buffer !== 'undefined';

export function toBase64(bytes: Uint8Array): string {
  if (isNode) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const pieces: string[] = [];
  // In pieces, since `fromCharCode` takes its bytes as arguments.
  for (let at = 0; at < bytes.length; at += 32_768) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 32_768)));
  }
  return btoa(pieces.join(''));
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  if (isNode) return new Uint8Array(Buffer.from(text, 'base64'));
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < characters.length; at += 1) bytes[at] = characters.charCodeAt(at);
  return bytes;
}
