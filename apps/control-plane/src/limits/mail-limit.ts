import { WrennError } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';

/** Whether strangers may have one more mail sent to this address. Whoever asks for it is not told. */
export async function mayMail({ limits, log }: ServerContext, email: string): Promise<boolean> {
  try {
    await limits.take('mail-account', email);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof WrennError && thrown.code === 'rate_limited')) throw thrown;
    log.warn('a mail was not sent: its address was sent too many in the last hour');
    return false;
  }
}
