/** What the codes of a file system mean to whoever typed the path. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of the path is a file and no folder',
  EISDIR: 'it is a folder and no file',
  EEXIST: 'it is there already',
  EACCES: 'this user may not use it',
  EPERM: 'this user may not use it',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EMFILE: 'too many files are open',
}

/** Why a path cannot be used, in words; null for what is no error of a file system. */
export function fileErrorReason(error: unknown): string | null {
  const { code, syscall, path } = (error ?? {}) as { code?: unknown; syscall?: unknown; path?: unknown }
  if (typeof code !== 'string' || typeof syscall !== 'string' || typeof path !== 'string') return null
  return `${REASONS[code] ?? 'the system refuses it'} (${code})`
}

/** The lines to print for an error of a file system; null for any other. */
export function describeFileError(error: unknown): string | null {
  const reason = fileErrorReason(error)
  if (reason === null) return null
  const { path } = error as { path: string } // checked with the reason
  return `${path} cannot be used: ${reason}.\nName another path, or give this user the right to it.`
}
