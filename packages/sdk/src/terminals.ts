import type { Http } from './http.ts';
import { Terminal, type TerminalOptions } from './terminal.ts';
import type { CallOptions } from './types.ts';

export interface OpenOptions {
  /** Default `/bin/bash`. */
  readonly cmd?: string;
  readonly args?: readonly string[];
  /** Default 80 by 24. */
  readonly cols?: number;
  readonly rows?: number;
  readonly envs?: Readonly<Record<string, string>>;
  /** Default: the user's home. */
  readonly cwd?: string;
  readonly user?: string;
}

export interface AttachOptions {
  /** The number of the first frame of output that is wanted; default: all that is kept, the last MiB. */
  readonly from?: number;
}

/** Programs in terminals: they go on when nobody looks at them, and are found again by their tag. */
export class Terminals {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Starts a program in a new terminal; resolves when it runs. */
  open(
    capsuleId: string,
    { cmd, args, cols, rows, envs, cwd, user, ...how }: OpenOptions & TerminalOptions = {},
    call: CallOptions = {},
  ): Promise<Terminal> {
    const first = { type: 'start', cmd, args, cols, rows, envs, cwd, user };
    return Terminal.open(() => this.#socket(capsuleId), first, how, call.signal);
  }

  /** Looks at a terminal that runs. */
  attach(
    capsuleId: string,
    tag: string,
    { from, ...how }: AttachOptions & TerminalOptions = {},
    call: CallOptions = {},
  ): Promise<Terminal> {
    return Terminal.open(() => this.#socket(capsuleId), { type: 'connect', tag, from }, how, call.signal);
  }

  #socket(capsuleId: string): WebSocket {
    return this.#http.socket(`/v1/capsules/${encodeURIComponent(capsuleId)}/pty`);
  }
}
