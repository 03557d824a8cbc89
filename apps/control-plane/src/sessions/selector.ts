import { WrennError } from '@wrenn/core';

/** How a process is named in a path: digits are its ID, anything else the tag that it was started with. */
export function selectorFrom(text: string) {
  if (!/^\d+$/.test(text)) return { case: 'tag', value: text } as const;
  const pid = Number(text);
  if (pid >= 1 && pid <= 4_194_304) return { case: 'pid', value: pid } as const;
  throw new WrennError('invalid_request', 'selector: is no process ID', { field: 'selector' });
}
