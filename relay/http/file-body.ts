import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

/** Large enough that system calls do not show, small enough that a thousand slow readers fit into memory. */
const CHUNK_BYTES = 256 * 1024

/** Bytes `[start, end)` of a file. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Streams part of a file at the pace of the reader. The file is opened by the first read, so that a body which nobody
 * reads leaves nothing open. (`Readable.toWeb` would do, but on Node 20 it throws out of band when the reader leaves at
 * the wrong moment.) A file that is gone or shorter than promised fails the stream.
 */
export function fileBody(path: string, range: ByteRange): ReadableStream<Uint8Array> {
  let file: FileHandle | undefined
  let position = range.start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const wanted = Math.min(CHUNK_BYTES, range.end - position)
          if (wanted > 0) {
            file ??= await open(path, 'r')
            const { bytesRead, buffer } = await file.read(new Uint8Array(wanted), 0, wanted, position)
            if (bytesRead === 0) throw new Error('a file became shorter while it was sent')
            position += bytesRead
            controller.enqueue(buffer.subarray(0, bytesRead))
          }
          if (position >= range.end) {
            await file?.close()
            controller.close()
          }
        } catch (error) {
          await file?.close()
          throw error
        }
      },
      async cancel() {
        await file?.close()
      },
    },
    { highWaterMark: 0 },
  )
}
