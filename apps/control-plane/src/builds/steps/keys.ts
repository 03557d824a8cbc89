import { createHash } from 'node:crypto';
import type { Template } from '../../templates/template.ts';
import type { Work } from './work.ts';

/** Raised when the same work leaves something else behind than before. */
const format = 'layer-1';

/** What a layer is kept under: the same for the same work on the same ground. */
export function keyAfter(before: string, work: Work, copied: string): string {
  return hashOf([format, before, work, copied]);
}

/** `shape` is part of it: a memory snapshot has one. */
export interface Ground {
  readonly vcpus: number;
  readonly memoryMb: number;
  /** Of Wrenn: a guest's daemon and kernel come with it. */
  readonly version: string;
  /** Where a build is to take nothing from others: its ID. */
  readonly only: string | undefined;
}

export function keyOfTemplate(template: Template, ground: Ground): string {
  const what = template.type === 'snapshot' ? template.snapshotId : template.id;
  return hashOf([format, 'template', what, ground]);
}

export function keyOfImage(digest: string, ground: Ground): string {
  return hashOf([format, 'image', digest, ground]);
}

/** `what`: all that decides what runs in the end. */
export function keyOfStart(before: string, what: object): string {
  return hashOf([format, 'start', before, what]);
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
