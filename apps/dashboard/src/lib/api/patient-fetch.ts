/** Before each further try, in milliseconds. */
const waitsMs = [200, 800];
/** Asked by POST, since a path of a file is no part of an address; they change nothing either. */
const reads = /\/files\/(?:list|stat|read)$/;

/**
 * As fetch. What only reads is asked again where no answer came: a browser breaks off all that is under way when a network
 * comes or goes on its machine, as each capsule brings one on its host. Throws as fetch when the last try fails too.
 */
export async function patientFetch(asked: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(asked, init);
  const isRead =
    request.method === 'GET' || request.method === 'HEAD' || reads.test(new URL(request.url).pathname);
  for (const waitMs of isRead ? waitsMs : []) {
    try {
      return await fetch(request.clone());
    } catch (thrown) {
      if (request.signal.aborted) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return await fetch(request);
}
