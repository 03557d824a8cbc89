import { ApiFault, faultOf } from '#lib/api/fault.ts';

/**
 * Puts a file where `url` says, straight from where it lies. By XMLHttpRequest, since `fetch` does not tell how far it is.
 * Throws an `ApiFault`, or the reason of the signal.
 */
export async function sendFile(
  url: string,
  file: Blob,
  onProgress: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = new XMLHttpRequest();
  const stop = () => request.abort();
  signal.addEventListener('abort', stop);
  request.upload.onprogress = ({ loaded }) => onProgress(loaded);
  request.onload = () => {
    if (request.status >= 200 && request.status < 300) resolve();
    else reject(refused(request));
  };
  request.onabort = () => reject(signal.reason);
  request.onerror = () => reject(broken());
  request.open('PUT', url);
  request.send(file);
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function refused(request: XMLHttpRequest): ApiFault {
  const requestId = request.getResponseHeader('x-request-id');
  const headers = requestId === null ? {} : { 'x-request-id': requestId };
  let body: unknown;
  try {
    body = JSON.parse(request.responseText);
  } catch {
    body = undefined;
  }
  return faultOf(body, new Response(null, { status: request.status, headers }));
}

function broken(): ApiFault {
  return new ApiFault({
    ...{ code: 'unreachable', message: 'the connection broke on the way', status: 0 },
    ...{ field: undefined, remedy: 'try again; the file there is as it was', requestId: undefined },
  });
}
