import { WrennError } from '@wrenn/core';
import { ForwardFault, type ForwardFaultKind, relayHeader } from '@wrenn/forward';

/** A whole answer of the relay's own. The edge knows each by its tag, which no guest's answer comes through with. */
export interface RelayRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** What it is for, unless it is about the port. */
  readonly error?: WrennError;
}

export function refusalOf(thrown: unknown): RelayRefusal {
  if (thrown instanceof ForwardFault)
    return { status: 502, headers: { [relayHeader]: thrown.kind }, text: '' };
  const error = WrennError.from(thrown, 'relaying a request');
  const { status, kind } = kindOf(error);
  return {
    status,
    headers: { [relayHeader]: kind, 'content-type': 'application/json', connection: 'close' },
    text: JSON.stringify({ error }),
    error,
  };
}

function kindOf({ code }: WrennError): { readonly status: number; readonly kind: ForwardFaultKind } {
  switch (code) {
    case 'invalid_request':
      return { status: 400, kind: 'refused' };
    case 'forbidden':
      return { status: 403, kind: 'refused' };
    case 'rate_limited':
      return { status: 503, kind: 'full' };
    default:
      return { status: 503, kind: 'unavailable' };
  }
}
