/**
 * What `/health` and the receipt of `/init` report: the version of E2B's daemon whose interface this one has. E2B's
 * clients leave out what an older one lacked, the last of which came with 0.6.4.
 */
export const version = '0.6.13';
