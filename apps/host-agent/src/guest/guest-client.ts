import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect';
import { deadline, type Secret, unlessSilent, until, WrennError } from '@wrenn/core';
import { Filesystem } from '@wrenn/protocol/filesystem';
import { Process } from '@wrenn/protocol/process';
import { traceHeaders } from '@wrenn/service';
import { z } from 'zod';
import { askGuest } from './ask-guest.ts';
import { askHealth } from './ask-health.ts';
import { GuestConnections } from './guest-connections.ts';
import { type Body, type GuestAnswer, postToGuest } from './guest-request.ts';
import { guestTransport } from './guest-transport.ts';
import { type Identity, initRequest } from './init-request.ts';
import { Presence } from './presence.ts';
import { Standstill } from './standstill.ts';
import { type TypedInput, typeInto } from './type-into.ts';

/** Where envd listens inside every capsule. */
export const envdPort = 49983;

/** What `/init` fixed after a boot or a restore, as envd reports it; kept with the capsule for its user to see. */
const receipt = z.looseObject({ version: z.string() });
export type InitReceipt = z.infer<typeof receipt>;

/** A guest may say anything. */
const portsAnswer = z.object({ ports: z.array(z.int().min(1).max(65_535)).max(1_000) });

/** Longer than the guest itself gives each of its steps. */
const prepareDeadlineMs = 3_000;
const continueDeadlineMs = 10_000;
/** For a guest whose memory is full of what was not written yet, on a host whose disk is busy. */
const syncDeadlineMs = 150_000;
/** Between two attempts to reach a guest that does not listen yet. */
const retryMs = 20;

const emptyBody: Body = { when: 'connected', make: () => '' };

/**
 * After so long without an answer a guest is asked whether it is there, and has so long to say so: an emulated one on a
 * host that is busy with twenty others takes ten seconds for what otherwise takes a moment, and is not dead.
 */
const usualPatienceMs = 10_000;
const usualHealthMs = 30_000;

/** What tests have otherwise. */
export interface GuestClientOptions {
  readonly port?: number;
  /** The most that a call may take which does not say so itself. */
  readonly callMs?: number;
  /** Streams of output at once; more are refused. */
  readonly mostStreams?: number;
  /** A guest that has not answered for so long is asked whether it is there. */
  readonly patienceMs?: number;
  /** So long it has to say so. */
  readonly healthMs?: number;
}

/**
 * The host's way to one capsule's envd. It keeps a few connections open. None of them may idle across a snapshot, since
 * such a one is dead without knowing it: `prepare` sees to that, and a machine that was restored gets a new client.
 *
 * Calls have connections of their own, and a bound of time. Streams, keys, `/init` and what is around a snapshot go by
 * others, of which there is always one more: none waits for another.
 */
export class GuestClient {
  readonly #baseUrl: string;
  readonly #token: Secret;
  readonly #connections = new GuestConnections();
  readonly #standstill = new Standstill();
  readonly #presence: Presence;
  readonly #patienceMs: number;
  /** Ends the samples that are under way. */
  #sampling = new AbortController();
  /**
   * Calls that are made while the guest stands still wait until it goes on, and fail when it does not any more. A
   * consumer that leaves a stream before its end must abort it.
   */
  readonly process: Client<typeof Process>;
  readonly files: Client<typeof Filesystem>;

  constructor(
    address: string,
    token: Secret,
    {
      port = envdPort,
      callMs = 120_000,
      mostStreams = 1_000,
      patienceMs = usualPatienceMs,
      healthMs = usualHealthMs,
    }: GuestClientOptions = {},
  ) {
    this.#baseUrl = `http://${address}:${port}`;
    this.#token = token;
    this.#patienceMs = patienceMs;
    this.#presence = new Presence(this.#standstill, async () => {
      using limit = deadline(healthMs, 'asking the guest whether it is there');
      await askHealth(this.#baseUrl, this.#connections.lasting, limit);
    });
    const transport = guestTransport({
      ...{ baseUrl: this.#baseUrl, token, callMs, mostStreams, patienceMs },
      connections: this.#connections,
      standstill: this.#standstill,
      presence: this.#presence,
    });
    this.process = createClient(Process, transport);
    this.files = createClient(Filesystem, transport);
  }

  /**
   * Gives the guest its identity, time and tokens. Tried until envd answers: while a guest boots nobody listens.
   * `hostSecret` is the current one; absent at the first `/init` after a boot, which sets it. `stamp` says when the time
   * in it is taken: `heard` is exact to some ten milliseconds under emulation too, `connected` costs as much less.
   */
  async init(
    identity: Identity,
    hostSecret: Secret | undefined,
    signal: AbortSignal,
    stamp: Body['when'] = 'heard',
  ): Promise<InitReceipt> {
    const make = () => JSON.stringify(initRequest(identity));
    const answer = await this.#post('/init', hostSecret, { when: stamp, make }, signal);
    if (answer.status !== 200) {
      throw new WrennError(
        'agent_error',
        `initialising the guest: envd answered ${answer.status}: ${answer.text}`,
      );
    }
    const parsed = receipt.safeParse(JSON.parse(answer.text));
    if (!parsed.success) throw new WrennError('agent_error', 'initialising the guest: envd sent no receipt');
    return parsed.data;
  }

  /**
   * Makes the guest ready to be copied: its users' processes stand still, and no connection idles, here neither.
   * Streams that are open stay so. Afterwards either a copy gets an `init`, or the guest a `continue`, which it is also
   * safe to call when this threw: a guest that did not answer in time may have become ready later.
   *
   * Throws `host_unavailable` with what the guest says when it could not; it goes on then.
   */
  async prepare(hostSecret: Secret, signal: AbortSignal): Promise<void> {
    // First, so that the packets that end them are among those that the guest still sees.
    this.#sampling.abort(new WrennError('busy', 'the guest is to stand still'));
    this.#sampling = new AbortController();
    this.#connections.closeIdle();
    using limit = deadline(prepareDeadlineMs, 'preparing the guest for a snapshot', signal);
    this.#standstill.begin();
    try {
      const answer = await this.#post('/snapshot/prepare', hostSecret, emptyBody, limit);
      if (answer.status !== 204) throw refusal('preparing the guest for a snapshot', answer);
    } catch (thrown) {
      this.#standstill.end();
      throw thrown;
    }
  }

  /** Writes back to its disk all that a guest which is prepared has in its memory of it. */
  async syncDisk(hostSecret: Secret, signal: AbortSignal): Promise<void> {
    using limit = deadline(syncDeadlineMs, "writing back the guest's disk", signal);
    const answer = await this.#post('/snapshot/sync', hostSecret, emptyBody, limit);
    if (answer.status === 404) {
      throw new WrennError('invalid_state', "the guest's daemon is older than images", {
        remedy: 'start from a template that this version of Wrenn has made',
      });
    }
    if (answer.status !== 204) throw refusal("writing back the guest's disk", answer);
  }

  /** Undoes `prepare` in a guest that goes on where it stood; it gets the time, since it may have stood still. */
  async continue(hostSecret: Secret, signal: AbortSignal): Promise<void> {
    using limit = deadline(continueDeadlineMs, 'letting the guest go on', signal);
    const make = () => JSON.stringify({ timestamp: new Date().toISOString() });
    try {
      const answer = await this.#post('/snapshot/continue', hostSecret, { when: 'connected', make }, limit);
      if (answer.status !== 204) throw refusal('letting the guest go on', answer);
    } finally {
      this.#standstill.end();
    }
  }

  /**
   * Types into a terminal; as calls do, it waits while the guest stands still. The program may let it wait too, for as
   * long as the guest is there.
   */
  async typeInto(input: TypedInput, signal: AbortSignal): Promise<void> {
    await this.#standstill.over(signal);
    const headers = { 'X-Access-Token': this.#token.reveal() };
    const over = new AbortController();
    try {
      const guest = { baseUrl: this.#baseUrl, agent: this.#connections.lasting, headers };
      const typed = typeInto(guest, input, AbortSignal.any([signal, over.signal]));
      await unlessSilent(typed, this.#patienceMs, () => this.#presence.check());
    } finally {
      over.abort();
    }
  }

  /**
   * What its machine uses, as the guest says. Throws when that is not said at once: a sample is not waited for, and given
   * up when the guest is to stand still.
   */
  async sample(signal: AbortSignal): Promise<string> {
    if (this.#standstill.isOn) throw new WrennError('busy', 'the guest stands still');
    const until = AbortSignal.any([signal, this.#sampling.signal]);
    until.throwIfAborted();
    const answer = await this.#ask('/metrics', until);
    if (answer.status !== 200) {
      throw new WrennError('agent_error', `asking the guest what it uses: envd answered ${answer.status}`);
    }
    return answer.text;
  }

  /** The ports that its programs listen on, ascending; as calls do, it waits while the guest stands still. */
  async ports(signal: AbortSignal): Promise<readonly number[]> {
    await this.#standstill.over(signal);
    const answer = await this.#ask('/ports', signal);
    if (answer.status === 404) {
      throw new WrennError('invalid_state', "the guest's daemon is older than this question", {
        remedy: 'start a capsule of a template that this version of Wrenn has made',
      });
    }
    if (answer.status !== 200) throw refusal('asking the guest for its ports', answer);
    const said = portsAnswer.safeParse(JSON.parse(answer.text));
    if (!said.success) throw new WrennError('agent_error', 'asking the guest for its ports: it said none');
    return said.data.ports;
  }

  close(): void {
    this.#sampling.abort(new WrennError('busy', 'the capsule does not run any more'));
    this.#standstill.abandon(new ConnectError('the capsule was paused', Code.Unavailable));
    this.#connections.close();
  }

  #ask(path: string, signal: AbortSignal): Promise<GuestAnswer> {
    return askGuest(`${this.#baseUrl}${path}`, this.#connections.lasting, this.#token, signal);
  }

  #post(path: string, hostSecret: Secret | undefined, body: Body, signal: AbortSignal): Promise<GuestAnswer> {
    const secret = hostSecret === undefined ? {} : { 'X-Wrenn-Host-Secret': hostSecret.reveal() };
    const headers = { ...traceHeaders(), ...secret };
    const request = { url: `${this.#baseUrl}${path}`, agent: this.#connections.lasting, headers, body };
    return until(() => postToGuest(request, signal), retryMs, signal);
  }
}

function refusal(doing: string, { status, text }: GuestAnswer): WrennError {
  const code = status === 503 ? 'host_unavailable' : 'agent_error';
  return new WrennError(code, `${doing}: envd answered ${status}: ${messageIn(text)}`, {
    remedy: 'try again; the capsule goes on as before',
  });
}

/** Faults of envd are JSON with a message. */
function messageIn(text: string): string {
  try {
    const fault = z.object({ message: z.string() }).safeParse(JSON.parse(text));
    return fault.success ? fault.data.message : text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
