import { WrennError } from '@wrenn/core';

/** How a process in a capsule is named: by its ID there, or by the tag that it was started with. */
export type ProcessSelector =
  | { readonly case: 'pid'; readonly value: number }
  | { readonly case: 'tag'; readonly value: string };

/** As RPC messages carry it. Throws invalid_request where none is named. */
export function selectorFrom(given: ProcessSelector | { readonly case: undefined }): ProcessSelector {
  if (given.case !== undefined) return given;
  throw new WrennError('invalid_request', 'no process is named', {
    field: 'process',
    remedy: 'give its pid or its tag',
  });
}
