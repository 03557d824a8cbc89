import type { ForwardFault } from '@wrenn/forward';
import { Refusal } from './refusal.ts';

const portClosed = 'The sandbox is running but port is not open';

/** A request that was on its way and did not arrive, or came back as something that is no answer. */
export function faultRefusal(fault: ForwardFault): Refusal {
  switch (fault.hop) {
    case 'port':
      return portRefusal(fault);
    case 'relay':
      return beforePort(fault, "the capsule's host");
    case 'api':
      return beforePort(fault, 'the API');
  }
}

function portRefusal(cause: ForwardFault): Refusal {
  switch (cause.kind) {
    case 'closed':
      return new Refusal('port_closed', portClosed, {
        cause,
        remedy:
          'start a program that listens on the port; it is tried again within a few hundred milliseconds',
      });
    case 'unreachable':
      return new Refusal('unreachable', 'the capsule does not answer', { cause, remedy: 'try again' });
    case 'absent':
      return new Refusal('unavailable', 'the capsule is on its way to another state', {
        cause,
        remedy: 'try again',
      });
    case 'unavailable':
      return new Refusal('unavailable', 'the capsule cannot be reached at the moment', {
        cause,
        remedy: 'try again',
      });
    case 'full':
      return tooMany(cause);
    case 'refused':
      return new Refusal('unreachable', "the capsule's host does not take the request", { cause });
    case 'broken':
      return new Refusal('bad_answer', 'the program in the capsule closed the connection without an answer', {
        cause,
      });
    case 'unspeakable':
      return new Refusal('bad_answer', 'the program in the capsule does not speak HTTP as it should', {
        cause,
      });
  }
}

/** Of what never got there it is known that nothing has come of it; of what broke off it is not. */
function beforePort(cause: ForwardFault, whom: string): Refusal {
  switch (cause.kind) {
    case 'closed':
    case 'unreachable':
      return new Refusal('unavailable', `${whom} cannot be reached at the moment`, {
        cause,
        remedy: 'try again',
      });
    default:
      return new Refusal('bad_answer', `${whom} closed the connection without an answer`, { cause });
  }
}

export function tooMany(cause?: ForwardFault): Refusal {
  return new Refusal('too_many', 'the capsule has too many requests under way', {
    cause,
    remedy: 'try again',
  });
}
