/** Asks a control plane as its clients do, whatever they are written in. */
export class Rest {
  readonly #url: string;
  readonly #credential: Readonly<Record<string, string>>;

  /** With an API key, or with the headers that say who asks. */
  constructor(url: string, credential: string | Readonly<Record<string, string>>) {
    this.#url = url;
    this.#credential = typeof credential === 'string' ? { 'x-api-key': credential } : credential;
  }

  async ask(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const response = await fetch(`${this.#url}/v1${path}`, {
      method,
      headers: { ...this.#credential, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Body) };
  }

  /** What a success answers. */
  async get(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Body> {
    const answer = await this.ask(method, path, body, headers);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body ?? {};
  }

  /** The ID of a new capsule. */
  async capsule(body: object = {}): Promise<string> {
    return String((await this.get('POST', '/capsules', body))['id']);
  }
}

type Body = Readonly<Record<string, unknown>>;
