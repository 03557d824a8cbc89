import createClient from 'openapi-fetch';
import type { components, paths } from '#api';
import { type ApiFault, asFault, faultOf } from './fault.ts';
import { patientFetch } from './patient-fetch.ts';

/** The bodies of the API, by the names they have in its description. */
export type Schemas = components['schemas'];

/** Every route of the API, with its types; the browser sends the cookie of the session by itself. */
export const api = createClient<paths>({
  baseUrl: '/',
  credentials: 'same-origin',
  fetch: patientFetch,
});

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * The body of an answer: `await answered(api.GET('/v1/me'))`. Throws an `ApiFault` for everything that is not 2xx. A call
 * that found the session over waits until the person has signed in again, and is then made again by whoever made it.
 */
export async function answered<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  let answer: Answer<Data>;
  try {
    answer = await call;
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    throw asFault(thrown);
  }
  if (answer.response.ok) return answer.data as Data;
  const fault = faultOf(answer.error, answer.response);
  for (const listener of listeners) listener(fault);
  throw fault;
}

const listeners = new Set<(fault: ApiFault) => void>();

/** Tells of every refusal, so that one place can notice that the session is over. */
export function onRefusal(listener: (fault: ApiFault) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
