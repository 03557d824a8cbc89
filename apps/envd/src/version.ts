import manifest from '../package.json' with { type: 'json' };

/** What `/health` and the receipt of `/init` report. */
export const version: string = manifest.version;
