import { WrennError } from '@wrenn/core';
import type { ControlPlaneConfig } from '../config.ts';
import { gitHub } from './github.ts';
import { openIdConnect } from './openid-connect.ts';
import type { Provider } from './provider.ts';

/** Each makes its provider from the settings, or nothing where they do not turn it on. */
const makers: readonly ((config: ControlPlaneConfig) => Provider | undefined)[] = [gitHub, openIdConnect];

/** The providers that this installation offers, by their names. */
export class Providers {
  readonly #byName: ReadonlyMap<string, Provider>;

  constructor(config: ControlPlaneConfig) {
    const offered = makers.map((make) => make(config)).filter((provider) => provider !== undefined);
    this.#byName = new Map(offered.map((provider) => [provider.name, provider]));
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  /** Throws `provider_not_found` for one that is not offered. */
  named(name: string): Provider {
    const provider = this.#byName.get(name);
    if (provider !== undefined) return provider;
    throw new WrennError('provider_not_found', 'there is no such provider here', {
      field: 'provider',
      remedy: 'GET /v1/auth/providers lists those that there are',
    });
  }
}
