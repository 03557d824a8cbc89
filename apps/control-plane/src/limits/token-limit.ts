import { WrennError } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';
import { networkOf } from './network.ts';

/** Does what a token from a mail or link allows; tokens that are none are counted against where they come from. */
export async function countingTokens<T>(
  { limits }: Pick<ServerContext, 'limits'>,
  address: string,
  work: () => Promise<T>,
): Promise<T> {
  const network = networkOf(address);
  await limits.check('token-address', network);
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof WrennError && thrown.code === 'invalid_token') {
      await limits.take('token-address', network);
    }
    throw thrown;
  }
}
