// The globals that a tab, a dedicated worker and Node 20 all have. `shared/` is compiled against this list and
// the ES library alone, so that anything else (sockets, WebRTC, storage) has to arrive as a constructor argument.

declare function setTimeout(handler: () => void, timeoutMs?: number): number & { unref?: () => void }
declare function clearTimeout(handle: unknown): void
declare function setInterval(handler: () => void, timeoutMs?: number): number & { unref?: () => void }
declare function clearInterval(handle: unknown): void
declare function queueMicrotask(callback: () => void): void
declare function structuredClone<T>(value: T): T
declare function fetch(
  url: string,
  init?: { headers?: Record<string, string>; signal?: AbortSignal },
): Promise<FetchResponse>

interface FetchResponse {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: {
    getReader(): {
      read(): Promise<
        | { readonly done: false; readonly value: Uint8Array<ArrayBuffer> }
        | { readonly done: true; readonly value?: undefined }
      >
      cancel(): Promise<void>
    }
    cancel(): Promise<void>
  } | null
  arrayBuffer(): Promise<ArrayBuffer>
  json(): Promise<unknown>
  text(): Promise<string>
}

declare const performance: { now(): number; readonly timeOrigin: number }
declare const console: {
  error(...data: unknown[]): void
  warn(...data: unknown[]): void
  log(...data: unknown[]): void
}

declare const crypto: {
  getRandomValues<T extends ArrayBufferView>(array: T): T
  readonly subtle: { digest(algorithm: 'SHA-256', data: ArrayBufferView | ArrayBuffer): Promise<ArrayBuffer> }
}

declare class URL {
  constructor(url: string, base?: string)
  readonly protocol: string
  readonly hostname: string
  readonly port: string
  readonly href: string
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string
}

interface EventTarget {
  addEventListener(
    type: string,
    listener: (event: Event) => void,
    options?: { once?: boolean; signal?: AbortSignal },
  ): void
  removeEventListener(type: string, listener: (event: Event) => void): void
  dispatchEvent(event: Event): boolean
}
declare const EventTarget: { new (): EventTarget }
interface Event {
  readonly type: string
}
declare const Event: { new (type: string): Event }

interface AbortSignal extends EventTarget {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
}
declare const AbortSignal: {
  new (): AbortSignal
  timeout(ms: number): AbortSignal
  any(signals: AbortSignal[]): AbortSignal
  abort(reason?: unknown): AbortSignal
}
declare class AbortController {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
}

interface MessagePort extends EventTarget {
  postMessage(message: unknown, transfer?: readonly unknown[]): void
  start(): void
  close(): void
  onmessage: ((event: { data: unknown }) => void) | null
}
declare const MessageChannel: { new (): { readonly port1: MessagePort; readonly port2: MessagePort } }

declare function atob(base64: string): string

declare namespace WebAssembly {
  /** A trap. */
  const RuntimeError: { new (message?: string): Error }
  type ImportValue = Memory
  interface Memory {
    readonly buffer: ArrayBuffer
  }
  const Memory: { new (descriptor: { initial: number; maximum?: number; shared?: boolean }): Memory }
  interface Module {
    readonly __brand?: 'Module'
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>
  function instantiate(
    module: Module,
    imports: Readonly<Record<string, Readonly<Record<string, ImportValue>>>>,
  ): Promise<Instance>
}
