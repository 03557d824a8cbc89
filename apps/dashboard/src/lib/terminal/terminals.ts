import { type Terminals, WrennApiError, WrennClient } from '@wrenn/sdk';
import { ApiFault, asFault } from '#lib/api/fault.ts';
import type { CapsuleArea } from '#lib/capsules/capsule.ts';

/** The terminals of the capsules of an area, for a page that is signed in. */
export function terminalsOf(area: CapsuleArea): Terminals {
  const client = new WrennClient({ baseUrl: location.origin, credential: { kind: 'cookie' } });
  return area === 'team' ? client.terminals : client.platformTerminals;
}

/** What a terminal threw, as all other faults are shown. */
export function terminalFault(thrown: unknown): ApiFault {
  if (!(thrown instanceof WrennApiError)) return asFault(thrown);
  const { code, message, status, field, remedy } = thrown;
  return new ApiFault({ code, message, status, field, remedy, requestId: undefined }, { cause: thrown });
}
