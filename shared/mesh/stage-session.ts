import type { ComputeEngine, ForwardResult, StageInput } from '../engine/compute-engine.ts'
import { PREFILL_CHUNK_TOKENS } from '../engine/compute-engine.ts'
import { errorCode } from '../errors.ts'
import type { Frame, FrameHeader } from '../protocol/frame/frame.ts'
import type { SessionEndReason, StageReport } from '../protocol/session/session.ts'
import type { StageSessionSpec } from './data-plane-api.ts'

/**
 * Prefill chunks that may be unacknowledged on one hop. Two keep both sides of a hop busy; four also cover a round
 * trip as long as a chunk's compute.
 */
const PREFILL_WINDOW_CHUNKS = 4

/** Frames of one session that may wait for the engine: the window, one decode step and one of slack. */
const MAX_WAITING_STEPS = PREFILL_WINDOW_CHUNKS + 2

export interface StageSessionPorts {
  readonly engine: ComputeEngine
  readonly now: () => number
  /** Sends to the next stage. */
  sendNext(header: FrameHeader, payload: Uint8Array, retained: BoundaryActivation): void
  /** Sends back to the previous stage (acknowledgements). */
  sendPrevious(header: FrameHeader): void
  /** Sends the sampled token to the head, which is another peer. */
  sendHead(header: FrameHeader): void
  onToken(position: number, tokenId: number): void
  onStepMs(stepMs: number): void
  onEnded(reason: SessionEndReason, report: StageReport): void
}

/** What a sender keeps of a hop, so that a replacement stage can be filled by replay (design section 7). */
export interface BoundaryActivation {
  readonly position: number
  readonly tokenCount: number
  readonly hidden: Float32Array<ArrayBuffer>
}

/**
 * One session at one stage: takes steps in order, runs them on the engine, passes the result on.
 *
 * Steps of a session run one after another; steps of other sessions run between them. Anything out of order or of the
 * wrong shape ends the session as `bad-tensor`: the peer that sent it is broken or hostile.
 */
export class StageSession {
  readonly spec: StageSessionSpec
  /** Boundary activations sent so far, in order; at most `capacityTokens` rows. */
  readonly sent: BoundaryActivation[] = []
  readonly #ports: StageSessionPorts
  readonly #generation: number
  /** First position that has not yet been accepted. */
  #acceptedPosition = 0
  #waiting = 0
  #newTokens = 0
  #chain: Promise<void> = Promise.resolve()
  #unackedChunks = 0
  #windowOpened: (() => void) | null = null
  #hasEnded = false
  #prefillMs = 0
  #decodeMs = 0
  #decodeSteps = 0
  tensorBytesSent = 0
  tensorBytesRelayed = 0

  constructor(spec: StageSessionSpec, generation: number, ports: StageSessionPorts) {
    this.spec = spec
    this.#generation = generation
    this.#ports = ports
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  get #isLast(): boolean {
    return this.spec.next === null
  }

  /** Runs the prompt in chunks; the next stage works on one chunk while this one makes the next. */
  prompt(tokenIds: readonly number[]): void {
    if (
      this.spec.previous !== null ||
      this.#acceptedPosition !== 0 ||
      tokenIds.length !== this.spec.promptTokenCount
    ) {
      this.end('refused-malformed')
      return
    }
    for (let start = 0; start < tokenIds.length; start += PREFILL_CHUNK_TOKENS) {
      const chunk = Int32Array.from(tokenIds.slice(start, start + PREFILL_CHUNK_TOKENS))
      this.#enqueue(start, chunk.length, { kind: 'tokens', tokenIds: chunk }, false)
    }
  }

  /** A frame of this session from the neighbour that may send it; the data plane has checked who sent it. */
  accept(frame: Frame): void {
    const { header } = frame
    switch (header.kind) {
      case 'hidden':
        this.#acceptHidden(frame)
        return
      case 'token':
        this.#acceptToken(header)
        return
      case 'ack':
        this.#unackedChunks = Math.max(0, this.#unackedChunks - 1)
        this.#windowOpened?.()
        return
      case 'echo':
      case 'echo-reply':
        return
      default:
        header.kind satisfies never
    }
  }

  /** Ends the session here; only the first reason counts. */
  end(reason: SessionEndReason): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#windowOpened?.()
    this.sent.length = 0
    this.#ports.onEnded(reason, {
      prefillMicros: Math.round(this.#prefillMs * 1000),
      decodeMicros: Math.round(this.#decodeMs * 1000),
      decodeSteps: this.#decodeSteps,
      tensorBytesSent: this.tensorBytesSent,
      tensorBytesRelayed: this.tensorBytesRelayed,
    })
  }

  #acceptHidden({ header, payload }: Frame): void {
    const isWrongShape =
      this.spec.previous === null ||
      header.hiddenSize !== this.spec.hiddenSize ||
      header.tokenCount > PREFILL_CHUNK_TOKENS ||
      header.position !== this.#acceptedPosition ||
      header.position + header.tokenCount > this.spec.capacityTokens
    if (isWrongShape || this.#waiting >= MAX_WAITING_STEPS) {
      this.end('bad-tensor')
      return
    }
    const hidden = new Float32Array(payload.buffer, payload.byteOffset, header.tokenCount * header.hiddenSize)
    this.#enqueue(
      header.position,
      header.tokenCount,
      { kind: 'hidden', tokenCount: header.tokenCount, hidden },
      header.wantsAck,
    )
  }

  #acceptToken(header: FrameHeader): void {
    const isExpected = this.spec.previous === null && header.position === this.#acceptedPosition
    if (!isExpected || this.#acceptedPosition < this.spec.promptTokenCount || this.#waiting > 0) {
      this.end('bad-tensor')
      return
    }
    this.#step(header.position, header.tokenId)
  }

  #step(position: number, tokenId: number): void {
    this.#enqueue(position, 1, { kind: 'tokens', tokenIds: Int32Array.of(tokenId) }, false)
  }

  #enqueue(position: number, tokenCount: number, input: StageInput, wantsAck: boolean): void {
    this.#acceptedPosition = position + tokenCount
    this.#waiting++
    this.#chain = this.#chain.then(async () => {
      try {
        if (!this.#hasEnded) await this.#run(position, tokenCount, input, wantsAck)
      } catch (error) {
        // NaN and shape errors come from the sender's tensor, everything else from this device.
        const code = errorCode(error)
        const isInput = code === 'NOT_FINITE' || code === 'BAD_SHAPE' || code === 'BAD_POSITION'
        this.end(isInput && this.spec.previous !== null ? 'bad-tensor' : 'engine-failed')
      } finally {
        this.#waiting--
      }
    })
  }

  async #run(position: number, tokenCount: number, input: StageInput, wantsAck: boolean): Promise<void> {
    const end = position + tokenCount
    const isPrefill = end <= this.spec.promptTokenCount
    const want = !this.#isLast ? 'hidden' : end < this.spec.promptTokenCount ? 'none' : 'token'
    const result = await this.#ports.engine.forward({
      stageId: this.spec.stageId,
      sessionId: this.spec.sessionId,
      position,
      input,
      want,
    })
    if (this.#hasEnded) return
    if (isPrefill) this.#prefillMs += result.computeMs
    else {
      this.#decodeMs += result.computeMs
      this.#decodeSteps++
      this.#ports.onStepMs(result.computeMs)
    }
    if (wantsAck) this.#ports.sendPrevious(this.#header('ack', position, tokenCount, 0))
    await this.#pass(position, tokenCount, isPrefill, result)
  }

  async #pass(
    position: number,
    tokenCount: number,
    isPrefill: boolean,
    result: ForwardResult,
  ): Promise<void> {
    switch (result.kind) {
      case 'none':
        return
      case 'hidden': {
        if (isPrefill) await this.#awaitWindow()
        if (this.#hasEnded) return
        const retained = { position, tokenCount, hidden: result.hidden }
        this.sent.push(retained)
        const header = this.#header('hidden', position, tokenCount, 0, isPrefill)
        this.#ports.sendNext(
          header,
          new Uint8Array(result.hidden.buffer, result.hidden.byteOffset, result.hidden.byteLength),
          retained,
        )
        return
      }
      case 'token':
        this.#emit(position + tokenCount, result.tokenId)
        return
      case 'logits':
        return
      default:
        result satisfies never
    }
  }

  /** A sampled token: end, or report it and feed it back to the head. */
  #emit(position: number, tokenId: number): void {
    if (this.spec.endTokenIds.includes(tokenId)) {
      this.end('end-token')
      return
    }
    this.#newTokens++
    this.#ports.onToken(position, tokenId)
    if (this.#newTokens >= this.spec.maxNewTokens || position + 1 > this.spec.capacityTokens) {
      this.end('length')
      return
    }
    if (this.spec.previous === null) this.#step(position, tokenId)
    else this.#ports.sendHead(this.#header('token', position, 1, tokenId))
  }

  async #awaitWindow(): Promise<void> {
    while (this.#unackedChunks >= PREFILL_WINDOW_CHUNKS && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#windowOpened = resolve
      })
    }
    this.#windowOpened = null
    this.#unackedChunks++
  }

  #header(
    kind: FrameHeader['kind'],
    position: number,
    tokenCount: number,
    tokenId: number,
    wantsAck = false,
  ): FrameHeader {
    return {
      kind,
      wantsAck,
      generation: this.#generation,
      sessionId: this.spec.sessionId,
      position,
      tokenCount,
      hiddenSize: kind === 'hidden' ? this.spec.hiddenSize : 0,
      tokenId,
    }
  }
}
