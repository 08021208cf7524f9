import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SessionId } from '../ids.ts'
import { createRandom } from '../testing/create-random.fixture.ts'
import {
  arbitrarySessionId,
  arbitraryTokenId,
  arbitraryUint32,
  plainRecord,
} from '../testing/arbitraries.suite.ts'
import {
  assertEqual,
  decodeOrRefuse,
  fuzzCodec,
  fuzzParameters,
  fuzzRuns,
  printSeed,
} from '../testing/fuzz-codec.suite.ts'
import {
  decodeMessage,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameAssembler,
  type Frame,
  type FrameFragment,
  type FrameHeader,
} from './frame.ts'

const uint16 = fc.integer({ min: 0, max: 0xffff })
const common = {
  wantsAck: fc.boolean(),
  generation: arbitraryUint32,
  sessionId: arbitrarySessionId,
  position: arbitraryUint32,
}

/** Frames with small payloads; the content comes from one number. */
const arbitraryFrame: fc.Arbitrary<Frame> = fc
  .oneof(
    plainRecord({
      ...common,
      kind: fc.constant('hidden' as const),
      tokenCount: fc.integer({ min: 1, max: 6 }),
      hiddenSize: fc.integer({ min: 1, max: 24 }),
      tokenId: fc.constant(0),
    }),
    plainRecord({
      ...common,
      kind: fc.constant('token' as const),
      tokenCount: uint16,
      hiddenSize: uint16,
      tokenId: arbitraryTokenId,
    }),
    plainRecord({
      ...common,
      kind: fc.constantFrom('ack' as const, 'echo' as const, 'echo-reply' as const),
      tokenCount: uint16,
      hiddenSize: uint16,
      tokenId: fc.constant(0),
    }),
  )
  .map((header) => ({ header, payload: payloadOf(header) }))

function payloadOf(header: FrameHeader): Uint8Array<ArrayBuffer> {
  const { kind, tokenCount, hiddenSize, generation } = header
  const isEcho = kind === 'echo' || kind === 'echo-reply'
  const size = kind === 'hidden' ? 4 * tokenCount * hiddenSize : isEcho ? tokenCount % 500 : 0
  return Uint8Array.from({ length: size }, (_, index) => (generation >>> (index % 24)) + index)
}

/** A message on its own, as `encodeFrame` would cut it. */
function encodeFragment({ header, totalPayloadBytes, fragmentOffset, fragment }: FrameFragment): Uint8Array {
  const payload = new Uint8Array(totalPayloadBytes)
  payload.set(fragment, fragmentOffset)
  const message = new Uint8Array(FRAME_HEADER_BYTES + fragment.length)
  const [whole] = encodeFrame(header, payload)
  if (whole !== undefined) message.set(whole.subarray(0, FRAME_HEADER_BYTES))
  const view = new DataView(message.buffer)
  view.setUint32(36, fragmentOffset, true)
  view.setUint32(40, fragment.length, true)
  message.set(fragment, FRAME_HEADER_BYTES)
  return message
}

fuzzCodec<FrameFragment>({
  name: 'frame message',
  arbitrary: fc.tuple(arbitraryFrame, fc.nat(), fc.nat()).map(([{ header, payload }, from, length]) => {
    if (payload.length === 0) return { header, totalPayloadBytes: 0, fragmentOffset: 0, fragment: payload }
    const fragmentOffset = from % payload.length
    const end = fragmentOffset + 1 + (length % (payload.length - fragmentOffset))
    return {
      header,
      totalPayloadBytes: payload.length,
      fragmentOffset,
      fragment: payload.slice(fragmentOffset, end),
    }
  }),
  encode: encodeFragment,
  decode: decodeMessage,
  prefixes: [
    [1, 1, 0, 0],
    [1, 2, 1, 0],
    [1, 4, 0, 0],
  ],
})

describe('frame assembler', () => {
  it('joins frames of many sessions whose fragments interleave', () => {
    printSeed('frame assembler')
    const frames = fc.array(arbitraryFrame, { maxLength: 3 })
    fc.assert(
      fc.property(frames, fc.integer({ min: 52, max: 300 }), arbitraryUint32, (list, maxBytes, seed) => {
        // One session each: the fragments of one session do not interleave.
        const sent = list.map((frame, index) => ({
          ...frame,
          header: { ...frame.header, sessionId: String(index).padStart(32, '0') as SessionId }, // 32 digits
        }))
        const assembler = new FrameAssembler({ maxPayloadBytes: 4096, maxConcurrentFrames: 3 })
        const queues = sent.map(({ header, payload }) => encodeFrame(header, payload, maxBytes))
        const random = createRandom(seed)
        const arrived = new Map<SessionId, Frame>()
        for (let left = queues.flat().length; left > 0; left--) {
          const waiting = queues.filter((queue) => queue.length > 0)
          const message = waiting[Math.floor(random() * waiting.length)]?.shift()
          const frame = message === undefined ? null : assembler.push(message)
          if (frame === null) continue
          arrived.set(frame.header.sessionId, frame)
          expect(frame.payload.byteOffset % 4).toBe(0)
        }
        assertEqual(assembler.openFrames, 0)
        for (const frame of sent) assertEqual(arrived.get(frame.header.sessionId), frame)
      }),
      fuzzParameters(fuzzRuns / 4),
    )
  })

  it('survives messages that are lost, repeated, swapped or broken, and gives out no frame that was not sent', () => {
    fc.assert(
      fc.property(
        arbitraryFrame,
        fc.integer({ min: 52, max: 120 }),
        arbitraryUint32,
        (frame, maxBytes, seed) => {
          const assembler = new FrameAssembler({ maxPayloadBytes: 4096, maxConcurrentFrames: 2 })
          const random = createRandom(seed)
          const messages = encodeFrame(frame.header, frame.payload, maxBytes)
          const damaged = messages.flatMap((message) => {
            const dice = random()
            if (dice < 0.1) return []
            if (dice < 0.2) return [message.slice(), message]
            if (dice < 0.3) return [message.subarray(0, Math.floor(random() * message.length))]
            return [message]
          })
          if (random() < 0.3) damaged.reverse()
          for (const message of damaged) {
            const result = decodeOrRefuse((bytes) => assembler.push(bytes), message)
            // Nothing above changes a byte, so what comes out whole is what went in.
            if (result?.value != null) assertEqual(result.value, frame)
          }
          expect(assembler.openFrames).toBeLessThanOrEqual(1)
        },
      ),
      fuzzParameters(fuzzRuns / 4),
    )
  })
})
