import type { TouchAll } from '../userfault-peer/guest-memory.ts';

/** One line of JSON each, answered as they end. Whatever touches memory may wait for a page; the others do not. */
export type ControlCommand =
  | { readonly do: 'read'; readonly offset: number; readonly length: number }
  | { readonly do: 'write'; readonly offset: number; readonly base64: string }
  | { readonly do: 'remove'; readonly offset: number; readonly length: number }
  | { readonly do: 'sum' }
  | ({ readonly do: 'touch' } & TouchAll)
  | { readonly do: 'readDrive'; readonly path: string; readonly offset: number; readonly length: number }
  | { readonly do: 'writeDrive'; readonly path: string; readonly offset: number; readonly base64: string }
  | { readonly do: 'log'; readonly line: string; readonly times: number }
  | { readonly do: 'journal' }
  | { readonly do: 'failNextCreate'; readonly why: string }
  | { readonly do: 'hang' }
  | { readonly do: 'crash'; readonly how: 'abort' | 'exit' };

export type ControlAnswer =
  | { readonly id: number; readonly ok: unknown }
  | { readonly id: number; readonly error: string };

/** Beside the API's socket. */
export const controlSocketName = 'control.sock';
