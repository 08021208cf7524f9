/**
 * The one error base of the project.
 *
 * Match errors by `error.name` and `error.data.code`, never by `instanceof`: they cross workers and bundles.
 * The message says what happened, what usually causes it and what to do, in that order.
 */
export class MeshError<Data extends { code: string } = { code: string }> extends Error {
  readonly data: Data
  readonly shortMessage: string
  readonly metaMessages: readonly string[]
  readonly docsPath: string | undefined

  constructor(
    shortMessage: string,
    options: {
      data: Data
      /** Usual cause first, then the next step. */
      metaMessages?: readonly string[]
      docsPath?: string | undefined
      cause?: unknown
    },
  ) {
    const lines = [shortMessage, ...(options.metaMessages ?? [])]
    if (options.docsPath !== undefined) lines.push(`See ${options.docsPath}`)
    super(lines.join('\n'), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.data = options.data
    this.shortMessage = shortMessage
    this.metaMessages = options.metaMessages ?? []
    this.docsPath = options.docsPath
  }

  /** Returns the first error in the cause chain that satisfies `predicate`. */
  walk(predicate: (error: unknown) => boolean): unknown {
    let current: unknown = this
    while (current !== undefined && current !== null) {
      if (predicate(current)) return current
      current = (current as { cause?: unknown }).cause
    }
    return undefined
  }

  /** Turns the error into plain data for a worker message or a log line. */
  toObject(): MeshErrorObject {
    return {
      name: this.name,
      shortMessage: this.shortMessage,
      metaMessages: [...this.metaMessages],
      data: this.data,
      ...(this.docsPath === undefined ? {} : { docsPath: this.docsPath }),
    }
  }

  /** Rebuilds an error that {@link MeshError.toObject} flattened; its class is gone, its name and data are not. */
  static fromObject(object: MeshErrorObject): MeshError {
    const error = new MeshError(object.shortMessage, {
      data: object.data,
      metaMessages: object.metaMessages,
      docsPath: object.docsPath,
    })
    error.name = object.name
    return error
  }
}

/** The plain form of a {@link MeshError}, safe for `structuredClone`. */
export interface MeshErrorObject {
  readonly name: string
  readonly shortMessage: string
  readonly metaMessages: readonly string[]
  readonly data: { readonly code: string }
  readonly docsPath?: string
}

/** True for the plain form of a {@link MeshError}. */
export function isMeshErrorObject(value: unknown): value is MeshErrorObject {
  const candidate = value as Partial<MeshErrorObject> | null
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.shortMessage === 'string' &&
    typeof candidate.data?.code === 'string'
  )
}

/** Flattens anything thrown; what is no MeshError becomes code `INTERNAL`. */
export function toErrorObject(thrown: unknown): MeshErrorObject {
  if (thrown instanceof MeshError) return thrown.toObject()
  if (isMeshErrorObject(thrown)) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return {
    name: thrown instanceof Error ? thrown.name : 'Error',
    shortMessage: message,
    metaMessages: [],
    data: { code: 'INTERNAL' },
  }
}

/** The `data.code` of a MeshError, or undefined for anything else. */
export function errorCode(thrown: unknown): string | undefined {
  const code = (thrown as { data?: { code?: unknown } } | null | undefined)?.data?.code
  return typeof code === 'string' ? code : undefined
}
