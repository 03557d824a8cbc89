export interface Check {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
}

/** What is imported but not committed: in a fresh clone the checks would not find it. */
export const preparations: readonly Check[] = [
  { name: 'types of the API', argv: ['node', 'apps/dashboard/build/types.ts'] },
];

const sources = ['apps', 'packages', 'scripts', 'tests', 'bench'];

/** What `npm run check` holds; the longest ones first, since they decide how long all take. */
export const checks: readonly Check[] = [
  { name: 'unused code', argv: ['knip', '--no-progress'] },
  {
    name: 'imports',
    argv: ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...sources],
  },
  { name: 'types', argv: ['tsc', '--project', '.'] },
  { name: 'pages', argv: ['node', 'apps/dashboard/build/check.ts'] },
  { name: 'promises', argv: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'API document', argv: ['node', 'apps/control-plane/build/openapi.ts', '--check'] },
  { name: 'protocol code', argv: ['node', 'scripts/check/generated-code.ts'] },
  { name: 'format and lint', argv: ['biome', 'ci', '--error-on-warnings', '.'] },
  { name: 'protocol lint', argv: ['buf', 'lint', 'packages/protocol'] },
  { name: 'configuration page', argv: ['node', 'scripts/generate-configuration.ts', '--check'] },
  { name: 'Firecracker types', argv: ['node', 'scripts/generate-firecracker-types.ts', '--check'] },
  { name: 'metrics page', argv: ['node', 'scripts/generate-metrics.ts', '--check'] },
  { name: 'states page', argv: ['node', 'scripts/generate-capsule-states.ts', '--check'] },
];
