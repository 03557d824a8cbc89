import type { BigIntStats } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import fresh from 'fresh';

/** What tells two versions of a file apart. */
export interface Validators {
  readonly etag: string;
  readonly 'last-modified': string;
}

export function validatorsOf({ ino, size, mtimeNs, mtimeMs }: BigIntStats): Validators {
  return {
    etag: `"${[ino, size, mtimeNs].map((number) => number.toString(36)).join('-')}"`,
    'last-modified': new Date(Number(mtimeMs)).toUTCString(),
  };
}

/** What the conditions of a request come to, in the order that RFC 9110, 13.2.2, wants. */
export function checkConditions(
  headers: IncomingHttpHeaders,
  validators: Validators,
): 'send' | 'not-modified' | 'failed' {
  const match = headers['if-match'];
  const unmodifiedSince = headers['if-unmodified-since'];
  if (match !== undefined) {
    if (match.trim() !== '*' && !etagsIn(match).includes(validators.etag)) return 'failed';
  } else if (unmodifiedSince !== undefined) {
    // Neither is true of what is no date, which counts as no condition.
    if (Date.parse(validators['last-modified']) > Date.parse(unmodifiedSince)) return 'failed';
  }
  return fresh(headers, { ...validators }) ? 'not-modified' : 'send';
}

/**
 * Whether a request may put a file where `existing` is: `If-Match` wants that version, `If-None-Match` any other, and `*`
 * a file, or none (RFC 9110, 13.1).
 */
export function mayWrite(headers: IncomingHttpHeaders, existing: Validators | undefined): boolean {
  const isOneOf = (list: string) =>
    existing !== undefined && (list.trim() === '*' || etagsIn(list).includes(existing.etag));
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  return (match === undefined || isOneOf(match)) && (noneMatch === undefined || !isOneOf(noneMatch));
}

/** Whether the client's part is of this very version, so that a range can complete it. */
export function rangeApplies(headers: IncomingHttpHeaders, validators: Validators): boolean {
  const condition = headers['if-range'];
  if (condition === undefined) return true;
  return condition === validators.etag || condition === validators['last-modified'];
}

function etagsIn(list: string): string[] {
  return list.match(/(?:W\/)?"[^"]*"/g) ?? [];
}
