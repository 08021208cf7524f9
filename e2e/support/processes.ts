import { spawn, type ChildProcess } from 'node:child_process'

/** A process of ours under test. */
export interface Running {
  readonly child: ChildProcess
  /** Everything that it has printed so far. */
  output(): string
  /** Ends it as Ctrl-C would, and returns its exit code; after 10 s it is killed and the code is null. */
  stop(): Promise<number | null>
}

/** Starts a Node program and waits until it prints something that matches `ready`. @throws Error with its output */
export async function run(
  args: readonly string[],
  ready: RegExp,
  options: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Running> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  let output = ''
  const running: Running = {
    child,
    output: () => output,
    stop: () => stop(child),
  }
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not ready in time:\n${output}`)),
      options.timeoutMs ?? 60_000,
    )
    const onData = (data: Buffer): void => {
      output += data.toString()
      if (!ready.test(output)) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`ended with code ${code}:\n${output}`))
    })
  })
  return running
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  const code = await exited
  clearTimeout(timer)
  return code
}
