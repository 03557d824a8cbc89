import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@wrenn/core';
import { settings } from '../../apps/cli/src/config.ts';
import { colorsFor } from '../../apps/cli/src/output/colors.ts';
import { programsOf } from '../../apps/cli/src/up/programs.ts';
import { Renderer } from '../../apps/cli/src/up/renderer.ts';
import { runOnce } from '../../apps/cli/src/up/run-once.ts';
import { screenOf } from '../../apps/cli/src/up/screen.ts';
import { installOldPostgres } from './old-postgres.ts';
import { installTestPrograms } from './test-programs.ts';

/** Makes this machine able to run the tests: Debian packages, the images of capsules, the oldest PostgreSQL, and programs. */
export async function setUp(signal: AbortSignal): Promise<void> {
  using renderer = new Renderer(screenOf(process.stdout), colorsFor(process.stdout, process.env));
  const logs = await mkdtemp(join(tmpdir(), 'wrenn-set-up-'));
  const { setup } = programsOf(parseConfig(settings, process.env), process.env);
  const { report } = renderer;
  await runOnce({ ...setup, logDirectory: logs }, { report, onStarted: () => Promise.resolve(), signal });
  await installOldPostgres(report);
  await installTestPrograms(report);
  // Kept after a failure: the error names the log in it.
  await rm(logs, { recursive: true });
}
