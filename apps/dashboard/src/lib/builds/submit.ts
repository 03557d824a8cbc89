import { answered, type Schemas } from '#lib/api/client.ts';

/** What a build is asked for with, as the API names it; what is left out is as usual. */
export interface NewBuild {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly recipe: string;
  readonly format: Schemas['Build']['format'];
  readonly base_template?: string;
  readonly target?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly healthcheck?: string;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly result: Schemas['Build']['result'];
  readonly skip_pre_post?: boolean;
  readonly no_cache?: boolean;
  readonly timeout_sec?: number;
  readonly step_timeout_sec?: number;
  readonly credentials?: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
}

/** Of what is sent, in bytes. */
export interface SendProgress {
  readonly sent: number;
  readonly total: number;
}

interface Sending {
  readonly build: NewBuild;
  readonly archive: File | undefined;
  readonly onProgress: (progress: SendProgress) => void;
}

/** Hands a build in, with the files that it copies from. Not by `fetch`, which does not tell how much was sent. */
export async function submitBuild(
  path: string,
  sending: Sending,
  signal: AbortSignal,
): Promise<Schemas['Build']> {
  return await answered<Schemas['Build']>(send(path, sending, signal));
}

async function send(path: string, { build, archive, onProgress }: Sending, signal: AbortSignal) {
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  const settled = Promise.withResolvers<void>();
  const give = () => request.abort();
  signal.addEventListener('abort', give);
  try {
    request.open('POST', path);
    request.upload.onprogress = ({ loaded, total }) => onProgress({ sent: loaded, total });
    request.onload = () => settled.resolve();
    request.onerror = () => settled.reject(new TypeError('the request broke'));
    request.onabort = () => settled.reject(new DOMException('given up', 'AbortError'));
    if (archive === undefined) request.setRequestHeader('content-type', 'application/json');
    request.send(archive === undefined ? JSON.stringify(build) : formOf(build, archive));
    await settled.promise;
  } finally {
    signal.removeEventListener('abort', give);
  }
  return answerOf(request);
}

/** The build first: what is wrong with it is answered before anything is read of the archive. */
function formOf(build: NewBuild, archive: File): FormData {
  const form = new FormData();
  form.set('config', JSON.stringify(build));
  form.set('archive', archive, 'archive');
  return form;
}

function answerOf(request: XMLHttpRequest) {
  const requestId = request.getResponseHeader('x-request-id');
  const response = new Response(null, {
    status: request.status,
    headers: requestId === null ? {} : { 'x-request-id': requestId },
  });
  const body = parsed(request.responseText);
  return response.ok ? { data: body as Schemas['Build'], response } : { error: body, response };
}

/** A proxy on the way may answer with something else. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
