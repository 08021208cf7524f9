import { homedir } from 'node:os'
import { join } from 'node:path'
import type { MeshErrorObject } from '../../shared/errors.ts'
import { fileErrorReason } from '../../shared/file-error.ts'
import { formatRange } from '../../shared/protocol/layer-range.ts'
import { startNativePeer } from '../native-peer.ts'
import { parseInteger, parseLayers, parseOptions } from '../usage-error.ts'

const HELP = `npx racemesh node [options]: lend this machine to the mesh

  --relay URL      web address of a relay, default http://127.0.0.1:9090; repeat for a second one
  --layers A-B     serve just these layers (the end is not included); the relay decides otherwise
  --memory MIB     memory for weights and caches, default 1024
  --backstop       serve only what no tab serves
  --cache DIR      where model pieces are kept, default ~/.cache/racemesh
  --json           one JSON object a line
  --help
`

/** Rounded up, so that a budget of this many is enough. */
function toMib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024)
}

/** Serves stages until Ctrl-C. */
export async function nodeCommand(argv: string[]): Promise<number> {
  const { values } = parseOptions(
    {
      args: argv,
      options: {
        relay: { type: 'string', multiple: true },
        layers: { type: 'string' },
        memory: { type: 'string', default: '1024' },
        backstop: { type: 'boolean', default: false },
        cache: { type: 'string', default: join(homedir(), '.cache', 'racemesh') },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    },
    HELP,
  )
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const memoryBudgetBytes = parseInteger('memory', values.memory, 16, 1_048_576) * 1024 * 1024
  const say = (event: string, fields: Record<string, string | number>, text: string): void => {
    process.stdout.write(values.json ? `${JSON.stringify({ event, ...fields })}\n` : `${text}\n`)
  }
  const complain = ({ shortMessage, metaMessages }: MeshErrorObject, next?: string): void => {
    const lines = [shortMessage, ...metaMessages, ...(next === undefined ? [] : [next])]
    process.stderr.write(`${lines.join('\n')}\n`)
  }
  let exitCode = 0
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  let shown = ''
  let isShortageShown = false
  const peer = await startNativePeer({
    relayOrigins: values.relay ?? ['http://127.0.0.1:9090'],
    pinnedLayers: values.layers === undefined ? null : parseLayers('layers', values.layers),
    memoryBudgetBytes,
    isBackstop: values.backstop,
    cacheDir: values.cache,
    onCacheFailed(error) {
      const reason = fileErrorReason(error) ?? String(error)
      process.stderr.write(
        `Pieces cannot be kept in ${values.cache}: ${reason}.\nThe next start downloads them again; choose another folder with --cache DIR.\n`,
      )
    },
    onChange(status) {
      if (status.shortage !== null && !isShortageShown) {
        const { modelName, neededBytes, budgetBytes } = status.shortage
        say(
          'shortage',
          { model: modelName, neededBytes, budgetBytes },
          `This node has no room for a layer: with its sessions, the smallest part of ${modelName} takes ${toMib(neededBytes)} MiB, and this node lends ${toMib(budgetBytes)}.\nStart it again with more --memory, up to what the machine has.`,
        )
      }
      isShortageShown = status.shortage !== null
      for (const stage of status.stages) {
        const text = `${stage.manifest.name} layers ${formatRange(stage.layers)} of ${stage.manifest.config.layerCount}: ${stage.state}`
        if (text === shown) continue
        shown = text
        say(
          'stage',
          {
            model: stage.manifest.name,
            start: stage.layers.start,
            end: stage.layers.end,
            state: stage.state,
            weightBytes: stage.weightBytes,
          },
          text,
        )
      }
    },
    onStageFailed: (error) => complain(error),
    onEngineLost: (error) => complain(error, 'It is started again and loads its layers anew.'),
    onEngineGivenUp(error) {
      complain(error)
      exitCode = 1
      end()
    },
  })
  say('joined', { peerId: peer.peerId }, `This node is peer ${peer.peerId}. Ctrl-C stops it.`)
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  // `racemesh start` holds the other end of the channel and is gone, maybe since before this line.
  process.once('disconnect', end)
  if (process.connected === false) end()
  await ended
  if (process.connected) process.disconnect() // an open channel would keep this process alive
  await peer.stop()
  return exitCode
}
