/** Between the API's snake_case and JavaScript's camelCase, for the objects that this client knows. */
import { isObject } from './error.ts';
import type { Capsule, CreatedCapsule, ExecOptions, ExecResult } from './types.ts';

const times = new Set(['createdAt', 'startedAt', 'lastActiveAt', 'lastUpdated']);
/** Their keys are the user's own. */
const opaque = new Set(['metadata', 'envs']);

export function capsuleFrom(body: unknown): Capsule {
  return fromWire(body) as Capsule;
}

export function createdFrom(body: unknown): CreatedCapsule {
  return fromWire(body) as CreatedCapsule;
}

export function execResultFrom(body: unknown): ExecResult {
  return fromWire(body) as ExecResult;
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

/** In pieces, since `String.fromCharCode` takes its bytes as arguments. */
export function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 32_768) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 32_768)));
  }
  return btoa(pieces.join(''));
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
