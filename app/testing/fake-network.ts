import type { NetworkSnapshot } from '../../shared/mesh/network-snapshot.ts'
import type { LinkPath } from '../../shared/protocol/stage-advert/stage-advert.ts'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Repeatable noise in [0, 1): the same picture in every run. */
function noise(seed: number): number {
  const x = Math.sin(seed * 127.1 + 311.7) * 43_758.5453
  return x - Math.floor(x)
}

/** Ids that look like Ed25519 peer ids. */
export const PEERS: readonly string[] = Array.from({ length: 40 }, (_, peer) => {
  const rest = Array.from(
    { length: 40 },
    (__, i) => ALPHABET[Math.floor(noise(peer * 41 + i + 1) * ALPHABET.length)],
  )
  return `12D3KooW${rest.join('')}`
})

const HOUR_MS = 3_600_000
type Model = NetworkSnapshot['models'][number]
type Peer = NetworkSnapshot['peers'][number]

function model(
  name: string,
  digit: string,
  layerCount: number,
  sizeBytes: number,
  encoding: 'q4' | 'q8',
): Model {
  return { id: digit.repeat(64), name, encoding, layerCount, sizeBytes, gaps: [] }
}

const GUIDE = model('guide', 'a', 8, 12_800_000, 'q8')

/** A stage whose figures drift a little with `second`, so that live charts have something to show. */
function peer(
  index: number,
  modelId: string,
  start: number,
  end: number,
  second: number,
  change: Partial<Peer> = {},
): Peer {
  return {
    peerId: PEERS[index] ?? '',
    kind: 'tab',
    isBackstop: false,
    isAwake: true,
    sinceMs: (index + 1) * 400_000,
    stages: [
      {
        modelId,
        layers: { start, end },
        state: 'ready',
        decodeStepMs: (end - start) * (0.8 + 0.3 * noise(index)) * (1 + 0.1 * noise(index + second)),
        openSessions: Math.floor(noise(index * 3 + second) * 3),
      },
    ],
    ...change,
  }
}

function snapshot(
  models: readonly Model[],
  peers: readonly Peer[],
  links: NetworkSnapshot['links'],
  second: number,
): NetworkSnapshot {
  const isBusy = peers.length > 0
  return {
    relay: {
      peerId: '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo',
      addresses: ['/ip4/127.0.0.1/tcp/8080/ws'],
      uptimeMs: 3 * HOUR_MS + second * 1_000,
    },
    models,
    peers,
    links,
    rates: {
      tokensPerSecond: isBusy ? 31 + 9 * noise(second) + peers.length / 2 : 0,
      openSessions: isBusy ? 2 + Math.floor(noise(second) * 3) : 0,
      answersTotal: isBusy ? 412 + second : 0,
      tokensTotal: isBusy ? 38_204 + second * 33 : 0,
      tensorBytesRelayedTotal: isBusy ? 2_100_000 : 0,
      tensorBytesTotal: isBusy ? 640_000_000 + second * 800_000 : 0,
    },
  }
}

/** A relay that nobody has joined. */
export function emptyNetwork(second = 0): NetworkSnapshot {
  return snapshot([{ ...GUIDE, gaps: [{ start: 0, end: 8 }] }], [], [], second)
}

/** One model on two peers. */
export function smallNetwork(second = 0): NetworkSnapshot {
  const peers = [
    peer(0, GUIDE.id, 0, 4, second),
    peer(1, GUIDE.id, 4, 8, second, { kind: 'native', isBackstop: true }),
  ]
  return snapshot(
    [GUIDE],
    peers,
    [link(0, 1, 'worker-channel', 1.24), link(1, 0, 'worker-channel', 1.3)],
    second,
  )
}

function link(
  from: number,
  to: number,
  path: LinkPath,
  roundTripMs: number,
): NetworkSnapshot['links'][number] {
  return { from: PEERS[from] ?? '', to: PEERS[to] ?? '', path, roundTripMs }
}

/** Three models on forty peers, one of them with a gap, some peers loading or asleep, some links relayed. */
export function largeNetwork(second = 0): NetworkSnapshot {
  const models = [
    GUIDE,
    model('tiny-story', 'b', 16, 220_000_000, 'q4'),
    model('llama-1b', 'c', 32, 780_000_000, 'q4'),
  ]
  const peers: Peer[] = []
  models.forEach((one, m) => {
    const count = [8, 12, 20][m] ?? 0
    const stages = [2, 3, 5][m] ?? 1
    for (let i = 0; i < count; i++) {
      const slot = i % stages
      const isLast = slot === stages - 1
      const start = Math.round((slot * one.layerCount) / stages)
      const end = isLast
        ? one.layerCount - (m === 1 ? 3 : 0)
        : Math.round(((slot + 1) * one.layerCount) / stages)
      const index = peers.length
      const made = peer(index, one.id, start, end, second, { isAwake: index % 13 !== 12 })
      peers.push(
        index % 11 === 10
          ? { ...made, stages: made.stages.map((stage) => ({ ...stage, state: 'loading' })) }
          : made,
      )
    }
  })
  const links = peers.flatMap((from, a) =>
    peers.flatMap((to, b) => {
      const [one] = from.stages
      const [other] = to.stages
      if (one === undefined || other === undefined || one.modelId !== other.modelId) return []
      if (one.layers.end !== other.layers.start || noise(a * 40 + b) > 0.45) return []
      const isRelayed = noise(a + b * 7) > 0.88
      return [
        link(
          a,
          b,
          isRelayed ? 'relayed-stream' : 'worker-channel',
          isRelayed ? 60 : 2 + 40 * noise(a * b + 1),
        ),
      ]
    }),
  )
  const [first, second_, third] = models
  if (first === undefined || second_ === undefined || third === undefined)
    throw new Error('three models were made')
  return snapshot([first, { ...second_, gaps: [{ start: 13, end: 16 }] }, third], peers, links, second)
}
