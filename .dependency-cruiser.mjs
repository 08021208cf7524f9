/**
 * The arrows of the design: `shared/protocol` <- the other `shared/*` <- `app/worker`, `node`, `relay` <- `app`.
 * `relay`, `node` and `app` never import each other (types of the relay's routes excepted), and `e2e` drives URLs only.
 */
const TEST = '\\.(test|spec|suite|fixture|bench)\\.ts$|^app/testing/'

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle of values makes the order of loading matter. Types may point back.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'protocol-stands-alone',
      comment: 'The wire is defined once and knows nobody. The error base and generated code are its own.',
      severity: 'error',
      from: { path: '^shared/protocol/', pathNot: TEST },
      to: { path: '^(shared|app|relay|node|e2e|bench)/', pathNot: '^shared/(protocol/|errors\\.ts$)' },
    },
    {
      name: 'shared-has-no-platform',
      comment:
        'Sockets, WebRTC, GPU, storage, clocks and randomness enter shared/ as arguments, in its tests too.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(app|relay|node|e2e|bench)/' },
    },
    {
      name: 'shared-has-no-node-modules-of-node',
      severity: 'error',
      from: { path: '^shared/', pathNot: `${TEST}|^shared/node-polyfill\\.ts$` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'app-stands-apart',
      severity: 'error',
      from: { path: '^app/', pathNot: TEST },
      to: { path: '^(relay|node|e2e|bench)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'app-knows-the-relay-by-its-routes',
      comment: 'The one type that may cross is that of the routes.',
      severity: 'error',
      from: { path: '^app/' },
      to: { path: '^relay/', pathNot: '^relay/app\\.ts$' },
    },
    {
      name: 'relay-stands-apart',
      severity: 'error',
      from: { path: '^relay/', pathNot: TEST },
      to: { path: '^(app|node|e2e|bench)/' },
    },
    {
      name: 'node-stands-apart',
      severity: 'error',
      from: { path: '^node/', pathNot: TEST },
      to: { path: '^(app|relay|e2e|bench)/' },
    },
    {
      name: 'workers-do-not-see-pages',
      comment: 'app/worker runs without a document: only types of the main thread may come in.',
      severity: 'error',
      from: { path: '^app/worker/', pathNot: TEST },
      to: { path: '^app/', pathNot: '^app/worker/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pages-start-workers-by-url',
      severity: 'error',
      from: { path: '^app/', pathNot: `^app/worker/|${TEST}` },
      to: { path: '^app/worker/', pathNot: '-messages\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'shell-stays-light',
      comment:
        'The mesh and the Race load after Start, by a dynamic import: that is consent and first paint in one rule.',
      severity: 'error',
      from: { path: '^app/', pathNot: `^app/(mesh|race|worker)/|${TEST}` },
      to: { path: '^app/(mesh|race)/', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'e2e-drives-urls',
      severity: 'error',
      from: { path: '^e2e/' },
      to: { path: '^(app|relay|node|shared)/' },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\?(raw|url|worker)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.app.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'browser', 'svelte', 'default', 'types'],
      extensions: ['.ts', '.svelte', '.js', '.mjs', '.json'],
    },
  },
}
