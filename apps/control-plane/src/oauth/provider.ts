/** One way of somebody to a provider and back. Only the browser that went it can end it. */
export interface Way {
  /** Comes back with the answer. */
  readonly state: string;
  /** Of PKCE: whoever catches the code on its way cannot use it. */
  readonly verifier: string;
  /** Comes back in what the provider signs. */
  readonly nonce: string;
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string;
}

/** What the browser came back with. */
export interface ProviderAnswer {
  readonly code: string;
  /** With all of its query. */
  readonly url: URL;
}

/** An account at a provider. */
export interface ProviderAccount {
  /** By which the provider tells accounts apart, also when their names and addresses change. */
  readonly subject: string;
  /** Addresses that the provider has seen to belong to the account; the first that is one is taken. */
  readonly verifiedEmails: readonly string[];
  /** What its owner may want to be called, best first. */
  readonly names: readonly string[];
}

/** A service that says who somebody is. */
export interface Provider {
  /** As it stands in paths, for example `github`. */
  readonly name: string;
  /** Where a browser goes to. */
  authorizationUrl(way: Way, signal: AbortSignal): Promise<URL>;
  /** Whose account it is. What it throws is a failed exchange. */
  identify(answer: ProviderAnswer, way: Way, signal: AbortSignal): Promise<ProviderAccount>;
}
