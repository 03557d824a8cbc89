// Who may import whom. `npm run dev` is made of an app and of fakes, so it is taken for a test. The order is: core <- protocol, sys, postgres <- the apps; sdk <- cli; testkit <- tests only.
const testFiles = '\\.test\\.ts$|/testing/|^tests/|^bench/|^packages/testkit/|^scripts/dev/';
module.exports = {
  forbidden: [
    {
      name: 'an app never imports another app',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'core imports nothing of ours and does no I/O',
      severity: 'error',
      from: { path: '^packages/core/src', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^(apps|packages/(?!core/))|^(node:)?(fs|net|http|https|child_process|worker_threads|dgram)(/|$)',
      },
    },
    {
      name: 'packages never import apps',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'the sdk stands alone, since users install it',
      severity: 'error',
      from: { path: '^packages/sdk/src', pathNot: '\\.test\\.ts$' },
      to: { path: '^(apps|packages/(?!sdk/))|node_modules' },
    },
    {
      name: 'only tests import the testkit',
      severity: 'error',
      from: { pathNot: testFiles },
      to: { path: '^packages/testkit/' },
    },
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { pathNot: '/gen/' } } },
    // `$app/…` is SvelteKit's own, and there only when it builds.
    {
      name: 'no missing modules',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^\\$app/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // What is built of the pages.
    exclude: { path: '^apps/dashboard/(dist|\\.svelte-kit)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
