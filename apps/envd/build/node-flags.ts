/**
 * How Node is to be started for the daemon. A small young generation: the buffers of a stream of output are garbage
 * within milliseconds, and with Node's usual 16 MiB they pile up to 200 MB before anyone looks.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=1'];
