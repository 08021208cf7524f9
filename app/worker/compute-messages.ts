/** The first message to the compute worker, with the ports in its transfer list. Calls then go through the ports. */
export interface ComputeInit {
  readonly kind: 'init'
  /** Each is one client's end, see `serveEngine`. */
  readonly ports: readonly MessagePort[]
  readonly preferWebGpu: boolean
  /** Bytes that stages and caches may take together. */
  readonly memoryBudgetBytes: number
  /** Tests run on software adapters; contributors never should. */
  readonly allowFallbackAdapter?: boolean | undefined
}
