import '../shared/node-polyfill.ts'
import { devnetCommand } from './commands/devnet.ts'
import { nodeCommand } from './commands/node.ts'
import { packCommand } from './commands/pack.ts'
import { raceCommand } from './commands/race.ts'
import { requestCommand } from './commands/request.ts'
import { startCommand } from './commands/start.ts'
import { verifyCommand } from './commands/verify.ts'
import { isMeshErrorObject, toErrorObject } from '../shared/errors.ts'
import { describeFileError } from '../shared/file-error.ts'
import { UsageError } from './usage-error.ts'

const COMMANDS: Record<
  string,
  { readonly run: (argv: string[]) => Promise<number>; readonly summary: string }
> = {
  start: { run: startCommand, summary: 'a relay, one native peer and a chain on this machine (npm start)' },
  node: { run: nodeCommand, summary: 'lend this machine: serve layers of a model' },
  request: { run: requestCommand, summary: 'ask the mesh and stream the answer' },
  pack: { run: packCommand, summary: 'turn a Hugging Face model folder into a packed model' },
  race: { run: raceCommand, summary: 'measure the compute of this machine; race verify checks a proof' },
  verify: { run: verifyCommand, summary: 'check a packed model against its id' },
  devnet: { run: devnetCommand, summary: 'a chain on this machine with all contracts' },
}

const HELP = `racemesh: a mesh that answers AI requests

  npx racemesh COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join('\n')}

  npx racemesh COMMAND --help   the command's options
  npx relay --help              the relay's options
`

/** Exit codes: 0 done, 1 failed, 2 the command line is wrong, 130 interrupted. */
async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP)
    return name === undefined ? 2 : 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    process.stderr.write(`There is no command "${name}".\n\n${HELP}`)
    return 2
  }
  return command.run(rest)
}

function report(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`)
    return 2
  }
  const fileError = describeFileError(error)
  if (fileError !== null) {
    process.stderr.write(`${fileError}\n`)
    return 1
  }
  const { shortMessage, metaMessages } = toErrorObject(error)
  process.stderr.write(`${[shortMessage, ...metaMessages].join('\n')}\n`)
  // What is none of our errors is a defect: show where it came from.
  if (error instanceof Error && !isMeshErrorObject(error) && !('data' in error))
    process.stderr.write(`${error.stack}\n`)
  return 1
}

process.exitCode = await main(process.argv.slice(2)).catch(report)
