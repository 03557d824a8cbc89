import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapsuleId, capsuleStates, Secret, WrennError } from '@wrenn/core';
import { traceHeaders } from '@wrenn/service';
import { z } from 'zod';

const factsBody = z.object({
  status: z.enum(capsuleStates),
  auto_resume: z.boolean(),
  public_ports: z.boolean(),
  access_key: z.base64url(),
  host_id: z.string(),
  relay: z.string().optional(),
});

/** What the control plane says of a capsule. */
export interface CapsuleFacts {
  readonly status: (typeof capsuleStates)[number];
  readonly autoResume: boolean;
  readonly publicPorts: boolean;
  /** What the credentials of its ports are checked with. */
  readonly accessKey: Buffer;
  readonly hostId: string;
  /** `host:port` of the relay of its host. */
  readonly relay: string | undefined;
}

const askMs = 5_000;

/** Asks the control plane. The secret is read when it is needed: an edge may start before there is one. */
export class ControlPlane {
  readonly #url: URL;
  readonly #secretPath: string;
  #secret: Secret | undefined;

  constructor(url: URL, directory: string) {
    this.#url = url;
    this.#secretPath = join(directory, 'secrets', 'edge');
  }

  /** Undefined where there is no such capsule. */
  facts(id: CapsuleId): Promise<CapsuleFacts | undefined> {
    return this.#ask('GET', `/internal/edge/capsules/${id}`, AbortSignal.timeout(askMs));
  }

  /** The same when it runs again; for one that cannot, as it stands. */
  wake(id: CapsuleId, signal: AbortSignal): Promise<CapsuleFacts | undefined> {
    return this.#ask('POST', `/internal/edge/capsules/${id}/wake`, signal);
  }

  async #ask(method: string, path: string, signal: AbortSignal): Promise<CapsuleFacts | undefined> {
    this.#secret ??= await this.#readSecret();
    const headers = { ...traceHeaders(), authorization: `Bearer ${this.#secret.reveal()}` };
    const answer = await fetch(new URL(path, this.#url), { method, headers, signal });
    if (answer.status === 404) {
      await answer.body?.cancel();
      return undefined;
    }
    if (answer.status === 401) this.#secret = undefined;
    if (!answer.ok) {
      const text = (await answer.text()).slice(0, 500);
      const code = answer.status === 409 ? 'invalid_state' : 'host_unavailable';
      throw new WrennError(code, `the control plane answered ${answer.status}: ${text}`);
    }
    return present(factsBody.parse(await answer.json()));
  }

  async #readSecret(): Promise<Secret> {
    try {
      return new Secret((await readFile(this.#secretPath, 'utf8')).trim());
    } catch (cause) {
      throw new WrennError('missing_prerequisite', `reading ${this.#secretPath}`, {
        cause,
        remedy: 'copy the file from the control plane, which makes it',
      });
    }
  }
}

function present(body: z.output<typeof factsBody>): CapsuleFacts {
  return {
    status: body.status,
    autoResume: body.auto_resume,
    publicPorts: body.public_ports,
    accessKey: Buffer.from(body.access_key, 'base64url'),
    hostId: body.host_id,
    relay: body.relay,
  };
}
