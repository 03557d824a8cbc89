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
  /** `view` looks on: the server takes neither keys nor sizes nor a kill. Default: `edit`. */
  readonly mode?: 'view' | 'edit';
}

/** Programs in terminals: they go on when nobody looks at them, and are found again by their tag. */
export class Terminals {
  readonly #http: Http;
  readonly #capsules: string;

  /** `capsules` is the path that they are below. */
  constructor(http: Http, capsules: string) {
    this.#http = http;
    this.#capsules = capsules;
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
    { from, mode, ...how }: AttachOptions & TerminalOptions = {},
    call: CallOptions = {},
  ): Promise<Terminal> {
    const first = { type: 'connect', tag, from, mode };
    return Terminal.open(() => this.#socket(capsuleId), first, how, call.signal);
  }

  #socket(capsuleId: string): WebSocket {
    return this.#http.socket(`${this.#capsules}/${encodeURIComponent(capsuleId)}/pty`);
  }
}
