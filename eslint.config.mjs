import svelte from 'eslint-plugin-svelte'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Type-checked everywhere, because the mistakes that matter here are promises that nobody awaits. */
export default defineConfig(
  globalIgnores([
    'dist/',
    '.data/',
    'models/',
    // AssemblyScript: another language with the same ending.
    'shared/race/wasm/assembly/',
    'bench/results/',
    '**/pb/*.ts',
    'contracts/{generated,out*,cache*}/',
  ]),
  tseslint.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.{shared,node,worker,app}.json'],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      'no-console': ['error', { allow: ['warn', 'error'] }],
      // `let error = this` walks a chain; nothing else here aliases it.
      '@typescript-eslint/no-this-alias': ['error', { allowedNames: ['current'] }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': [
        'error',
        // `onclick={() => state.verb()}`: a verb shows its own failures in the state.
        { checksVoidReturn: { attributes: false } },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports', prefer: 'type-imports' },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // House style section 9: no {@html} with anything a peer wrote. Nothing here needs it at all.
      'svelte/no-at-html-tags': 'error',
      'svelte/require-each-key': 'error',
      // State is `$state.raw` and replaced as a whole (house style section 9); other maps are meant to be plain.
      'svelte/prefer-svelte-reactivity': 'off',
      'svelte/button-has-type': 'error',
      // Links are plain hrefs that our own router follows; there is no SvelteKit to resolve them.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  {
    files: ['**/*.svelte'],
    rules: {
      // Types of other components' props are known to svelte-check alone; here they look like `any`.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['**/*.{js,mjs,cjs}'], extends: [tseslint.configs.disableTypeChecked] },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  {
    files: [
      'scripts/**',
      'bin/**',
      'bench/**',
      'node/**',
      'e2e/**',
      'contracts/{tools,deploy,diff}/**',
      '**/*.fixture.ts',
    ],
    // Programs for a terminal write to it.
    rules: { 'no-console': 'off' },
  },
)
