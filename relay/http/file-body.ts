import { open } from 'node:fs/promises'

/** Large enough that system calls do not show, small enough that a thousand slow readers fit into memory. */
const CHUNK_BYTES = 256 * 1024

/** Bytes `[start, end)` of a file. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Streams part of a file. The file is opened before this returns, so that a missing file is an error and not an empty
 * answer, and read at the pace of the reader. (`Readable.toWeb` would do, but on Node 20 it throws out of band when
 * the reader leaves at the wrong moment.)
 * @throws the error of `open`
 */
export async function fileBody(path: string, range: ByteRange): Promise<ReadableStream<Uint8Array>> {
  const file = await open(path, 'r')
  let position = range.start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const wanted = Math.min(CHUNK_BYTES, range.end - position)
        try {
          if (wanted > 0) {
            const { bytesRead, buffer } = await file.read(new Uint8Array(wanted), 0, wanted, position)
            if (bytesRead === 0) throw new Error('a file became shorter while it was sent')
            position += bytesRead
            controller.enqueue(buffer.subarray(0, bytesRead))
          }
          if (position >= range.end) {
            await file.close()
            controller.close()
          }
        } catch (error) {
          await file.close()
          throw error
        }
      },
      async cancel() {
        await file.close()
      },
    },
    { highWaterMark: 0 },
  )
}
