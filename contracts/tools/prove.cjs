// `npm run prove:contracts`: the compiler's model checker (constrained Horn clauses, z3) on contracts/proofs.
// Every assertion and every overflow there must be proved safe for all inputs and all sequences of calls. A control that is
// false must be refuted, or the checker proves nothing.
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const solc = require('solc')
const { ROOT } = require('./forge.cjs')

const PROOFS = path.join(ROOT, 'proofs')
/** Per query. Proofs here take a second or less; one that takes a minute will not come. */
const QUERY_TIMEOUT_MS = 60_000
const CONTROL = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
contract Control {
    uint256 private _count;
    function step() external { require(_count < 9); ++_count; }
    function claim() external view { assert(_count < 3); }
}`

if (spawnSync('z3', ['--version']).error !== undefined) {
  console.log('prove:contracts skipped: z3 is not installed. On Debian: apt install z3. Nothing was proved.')
  process.exit(0)
}

const control = check('Control.sol', CONTROL)
if (!control.some(({ message }) => message.includes('Assertion violation happens here'))) {
  throw new Error(`The control, which is false, was not refuted: ${JSON.stringify(control)}`)
}
console.log('Control: refuted, as it must be')

let isProved = true
for (const file of fs.readdirSync(PROOFS).sort()) {
  const findings = check(file, fs.readFileSync(path.join(PROOFS, file), 'utf8'))
  const safe = findings.find(({ message }) => /\d+ verification condition\(s\) proved safe/.test(message))
  // What the checker does not model (assembly in a library) may be anything to it: it proves less, never too much.
  const rest = findings.filter(
    (finding) => finding !== safe && !/unsupported language feature/.test(finding.message),
  )
  isProved &&= safe !== undefined && rest.length === 0
  console.log(`${file}: ${safe?.message.replace(/^CHC: /, '').split('!')[0] ?? 'nothing was proved'}`)
  for (const { formattedMessage } of rest) console.log(formattedMessage)
}
process.exit(isProved ? 0 : 1)

/** What the compiler and the checker say about one source; an error of the compiler throws. */
function check(file, content) {
  const input = {
    language: 'Solidity',
    sources: { [`contracts/proofs/${file}`]: { content } },
    settings: {
      evmVersion: 'prague',
      modelChecker: {
        engine: 'chc',
        solvers: ['smtlib2'],
        targets: ['assert', 'underflow', 'overflow', 'divByZero'],
        contracts: { [`contracts/proofs/${file}`]: [path.basename(file, '.sol')] },
        timeout: QUERY_TIMEOUT_MS,
        showProvedSafe: false,
        showUnproved: true,
      },
      outputSelection: { '*': { '*': [] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport, smtSolver: solve }))
  const findings = output.errors ?? []
  const error = findings.find(({ severity }) => severity === 'error')
  if (error !== undefined) throw new Error(error.formattedMessage)
  return findings
}

function readImport(name) {
  const inside = name.startsWith('@') ? path.join('node_modules', name) : name
  try {
    return { contents: fs.readFileSync(path.join(ROOT, '..', inside), 'utf8') }
  } catch (error) {
    return { error: error.message }
  }
}

function solve(query) {
  const { stdout, error } = spawnSync('z3', ['-in', `-t:${QUERY_TIMEOUT_MS}`], {
    input: query,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  return error === undefined ? { contents: stdout } : { error: error.message }
}
