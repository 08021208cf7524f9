import { describe, expect, it } from 'vitest'
import { RACE_CLASSES } from '../../shared/race/race-class.ts'
import { nonceRange } from '../../shared/race/race-path.ts'
import { describeRacePath } from '../../shared/race/race-path.suite.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../../shared/race/seeds.ts'
import { openWebGpuPath } from '../../shared/race/webgpu/open-webgpu-path.ts'
import { createWebGpuPath } from '../../shared/race/webgpu/webgpu-path.ts'
import { openTestGpu } from './open-test-gpu.suite.ts'

const gpu = await openTestGpu()

describe.skipIf(gpu === null)('the Race on WebGPU in Node', () => {
  const raceClass = RACE_CLASSES.micro
  // An adapter gives one device.
  const openAdapter = async () => (await openTestGpu())!
  const openDevice = async () => (await openAdapter()).adapter.requestDevice()
  /** An adapter whose devices compile something else than they are given. */
  const openAltered = async (text: string, replacement: string) => {
    const { adapter, languageFeatures } = await openAdapter()
    const altered = {
      info: adapter.info,
      limits: adapter.limits,
      async requestDevice(descriptor?: GPUDeviceDescriptor) {
        const device = await adapter.requestDevice(descriptor)
        const create = device.createShaderModule.bind(device)
        device.createShaderModule = (module) =>
          create({ ...module, code: module.code.replace(text, replacement) })
        return device
      },
    } as GPUAdapter // the part that is used
    return { adapter: altered, languageFeatures }
  }
  const openPath = async () => openWebGpuPath(await openAdapter())

  describeRacePath('as a path', openPath, { nonces: 24 })

  it('makes weights layer by layer where they do not fit, with the same bits', async () => {
    const device = await openDevice()
    const raceSeed = await deriveRaceSeed(new Uint8Array(32), raceClass)
    const nodeSeed = await deriveNodeSeed(new Uint8Array(32))
    const evaluate = async (memoryLimitBytes: number) => {
      const path = createWebGpuPath({ device, dot4: 'packed', adapter: 'test', memoryLimitBytes })
      const race = await path.prepare({ raceClass, raceSeed })
      const liveBuffers = path.kernels.liveBuffers
      const evaluation = await race.evaluate({ nodeSeed, nonces: nonceRange(0, 6) })
      await path.dispose()
      expect(path.kernels.liveBuffers).toBe(0)
      return { evaluation, liveBuffers }
    }
    const kept = await evaluate(2 ** 30)
    const streamed = await evaluate(200_000)
    expect(streamed.evaluation).toEqual(kept.evaluation)
    // Seven tensors of one layer instead of six.
    expect(streamed.liveBuffers).toBeLessThan(kept.liveBuffers - 5 * 7)
    device.destroy()
  })

  it('multiplies by shifts on a device whose packed product is wrong', async () => {
    const path = await openWebGpuPath(await openAltered('dot4I8Packed(a, b)', '(dot4I8Packed(a, b) | 1)'))
    expect(path.adapter).toContain('polyfill')
    await path.dispose()
  })

  it('refuses a device that is wrong either way', async () => {
    const broken = await openAltered('0x61707865u', '0x61707866u')
    await expect(openWebGpuPath(broken)).rejects.toMatchObject({
      name: 'RacePathError',
      data: { code: 'DEVICE_WRONG' },
    })
  })

  it('says that the device was lost, under a batch and after it', async () => {
    const device = await openDevice()
    const path = createWebGpuPath({ device, dot4: 'packed', adapter: 'test' })
    const raceSeed = await deriveRaceSeed(new Uint8Array(32), raceClass)
    const nodeSeed = await deriveNodeSeed(new Uint8Array(32))
    const race = await path.prepare({ raceClass, raceSeed })
    let checkpoints = 0
    const running = race.findHits(
      { nodeSeed, nonces: nonceRange(0, 20 * race.batchNonces) },
      { checkpoint: () => void (++checkpoints === 3 && device.destroy()) },
    )
    await expect(running).rejects.toMatchObject({ data: { code: 'DEVICE_LOST' } })
    await expect(race.findHits({ nodeSeed, nonces: nonceRange(0, 1) })).rejects.toMatchObject({
      data: { code: 'DEVICE_LOST' },
    })
    await path.dispose()
  })
})
