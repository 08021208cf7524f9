import { RACE_MODULE, RACE_MODULE_SHARED } from './race-module.ts'

/** The functions of assembly/index.ts. All arguments and results are whole numbers; addresses are bytes of the memory. */
export type WasmCall =
  | 'configure'
  | 'layOut'
  | 'arrayAt'
  | 'generateWeights'
  | 'generateTarget'
  | 'embed'
  | 'runLayers'
  | 'score'
  | 'gemm'
  | 'measurePeak'

/** One instance of the module on a thread: this one or another. Calls run one after the other. */
export interface WasmLane {
  call(name: WasmCall, args: readonly number[]): Promise<number>
  stop(): Promise<void>
}

/** Starts a thread with an instance of the module on a shared memory. */
export type StartLane = (module: WebAssembly.Module, memory: WebAssembly.Memory) => Promise<WasmLane>

/** Compiles the module for a memory that is shared between threads, or for one that is not. */
export function compileRaceModule({ isShared }: { isShared: boolean }): Promise<WebAssembly.Module> {
  const base64 = isShared ? RACE_MODULE_SHARED : RACE_MODULE
  return WebAssembly.compile(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
}

/** Instantiates the module; what a thread's own program does with the module and memory that it was sent. */
export async function instantiateRaceModule(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<(name: WasmCall, args: readonly number[]) => number> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } })
  return (name, args) => {
    const run = exports[name] as (...args: readonly number[]) => number | undefined // a function of assembly/index.ts
    return run(...args) ?? 0
  }
}

/** A lane on the calling thread. It gives timers and messages a turn now and then. */
export const startLaneHere: StartLane = async (module, memory) => {
  const call = await instantiateRaceModule(module, memory)
  let turnStartedMs = performance.now()
  return {
    async call(name, args) {
      if (performance.now() - turnStartedMs > TURN_MS) {
        await new Promise<void>((resolve) => setTimeout(resolve, 0))
        turnStartedMs = performance.now()
      }
      return call(name, args)
    },
    stop: () => Promise.resolve(),
  }
}

/** A page's frame, about: longer turns are felt. */
const TURN_MS = 20
