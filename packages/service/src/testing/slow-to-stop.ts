// A service for tests: told to stop, it says how far it is, and in the end how it was told.
import { pause } from '@wrenn/core';
import { runService } from '../run-service.ts';

const never = new AbortController().signal;

await runService('slow', 'info', async ({ report }) => {
  const heart = setInterval(() => undefined, 60_000);
  return {
    facts: { pid: String(process.pid) },
    async stop(mode) {
      for (let step = 1; step <= 3; step++) {
        report({ kind: 'note', step: mode, text: `${step} of 3` });
        await pause(10, never);
      }
      clearInterval(heart);
    },
  };
});
