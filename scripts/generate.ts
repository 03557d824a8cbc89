// `npm run generate`: everything that is committed and made from something else.
import { runCommand } from './run-command.ts';

const timeoutMs = 120_000;
const commands: readonly (readonly [string, ...string[]])[] = [
  [
    'buf',
    'generate',
    'packages/protocol',
    '--template',
    'packages/protocol/buf.gen.yaml',
    '--output',
    'packages/protocol',
  ],
  ['node', 'apps/control-plane/build/openapi.ts'],
  ['node', 'scripts/generate-configuration.ts'],
  ['node', 'scripts/generate-capsule-states.ts'],
  ['node', 'scripts/generate-metrics.ts'],
  ['node', 'scripts/generate-firecracker-types.ts'],
];

for (const argv of commands) {
  console.log(`$ ${argv.join(' ')}`);
  const { code } = await runCommand(argv, { timeoutMs, output: 'show' });
  if (code !== 0) {
    process.exitCode = 1;
    break;
  }
}
