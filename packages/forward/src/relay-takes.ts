import type { ClientRequest, InformationEvent, ServerResponse } from 'node:http';

/**
 * A relay says by `102` that it has found the capsule, and only then does an edge send it the body: a relay that has no
 * such capsule leaves the request whole, to be sent again to where the capsule is. Not by `100`, which is the guest's.
 */
const taken = 102;

/** On the relay, of a request with a body. */
export function tellTaken(response: ServerResponse): void {
  response.writeProcessing();
}

/** On the edge. */
export function onceTaken(sent: ClientRequest, then: () => void): void {
  const heard = ({ statusCode }: InformationEvent) => {
    if (statusCode !== taken) return;
    sent.off('information', heard);
    then();
  };
  sent.on('information', heard);
}
