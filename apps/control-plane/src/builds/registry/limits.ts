/** How much of a registry is believed and waited for. */
export interface RegistryLimits {
  readonly manifestBytes: number;
  readonly configBytes: number;
  readonly layers: number;
  /** Of all layers, as they are sent. */
  readonly layerBytes: number;
  /** For the whole of a small document: a manifest, a configuration, a token. */
  readonly documentMs: number;
  /** For the next piece of a layer. */
  readonly stallMs: number;
  /** Of what may work the next time: faults of the connection and of the server, and too many requests. */
  readonly attempts: number;
  /** Before the second attempt; doubled before each further one. */
  readonly pauseMs: number;
  /** A registry that wants us to wait longer before the next attempt is not waited for. */
  readonly longestPauseMs: number;
}

const mib = 1024 ** 2;

export const defaultLimits: RegistryLimits = {
  manifestBytes: 4 * mib,
  configBytes: 8 * mib,
  layers: 200,
  layerBytes: 20 * 1024 * mib,
  documentMs: 60_000,
  stallMs: 30_000,
  attempts: 3,
  pauseMs: 1_000,
  longestPauseMs: 15_000,
};
