// Builds the dashboard, unless it is built of these sources already.
import { runStep } from '@wrenn/core';
import { runTask } from '@wrenn/service';
import { buildDashboard } from './build-dashboard.ts';

await runTask('dashboard', 'info', async ({ report }) => {
  const directory = await runStep(report, 'dashboard', () => buildDashboard());
  return { directory };
});
