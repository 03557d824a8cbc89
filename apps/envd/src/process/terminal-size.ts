import { WrennError } from '@wrenn/core';
import type { PTY } from '@wrenn/protocol/process';
import type { TerminalSize } from '@wrenn/sys';

/** What most programs expect when nobody says anything. */
const defaultSize: TerminalSize = { cols: 80, rows: 24 };
/** What the kernel keeps a dimension in. */
const largest = 65_535;

/** The size of a new terminal: a dimension that is 0 or left out gets its default. Throws `invalid_request`. */
export function readInitialSize({ size }: PTY): TerminalSize {
  return checkSize({ cols: size?.cols || defaultSize.cols, rows: size?.rows || defaultSize.rows });
}

/** The size that a terminal is to get. Throws `invalid_request` without one. */
export function readNewSize(pty: PTY | undefined): TerminalSize {
  if (pty?.size === undefined) {
    throw new WrennError('invalid_request', 'no size is given', { field: 'pty.size' });
  }
  return checkSize(pty.size);
}

function checkSize({ cols, rows }: TerminalSize): TerminalSize {
  for (const [name, value] of Object.entries({ cols, rows })) {
    if (value >= 1 && value <= largest) continue;
    throw new WrennError('invalid_request', `a terminal cannot have ${value} ${name}`, {
      field: `pty.size.${name}`,
      remedy: `1 to ${largest}`,
    });
  }
  return { cols, rows };
}
