import { describe, expect, it } from 'vitest'
import { DeviceConditions, type ConditionSources } from './device-conditions.ts'

/** A device whose state a test sets; `tell` fires the browser's event for it. */
function device(known: { battery?: boolean; connection?: boolean } = {}) {
  const shown: { visibilityState: DocumentVisibilityState } = { visibilityState: 'visible' }
  const document = Object.assign(new EventTarget(), shown)
  const battery = Object.assign(new EventTarget(), { charging: true })
  const connection = Object.assign(new EventTarget(), { saveData: false, type: 'wifi' })
  const navigator: ConditionSources['navigator'] = {
    ...(known.battery === true ? { getBattery: () => Promise.resolve(battery) } : {}),
    ...(known.connection === true ? { connection } : {}),
  }
  const heard: string[] = []
  const conditions = new DeviceConditions({ document, navigator }, (reasons) => heard.push(reasons.join()))
  return { document, battery, connection, heard, conditions }
}

describe('DeviceConditions', () => {
  it('assumes nothing of a browser that says nothing', async () => {
    const { conditions, heard } = device()
    await Promise.resolve()
    expect(conditions.reasons).toEqual([])
    expect(heard).toEqual([])
  })

  it('follows tab, battery and connection, and tells of changes alone', async () => {
    const { document, battery, connection, heard } = device({ battery: true, connection: true })
    await Promise.resolve()
    document.visibilityState = 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    battery.charging = false
    battery.dispatchEvent(new Event('chargingchange'))
    battery.dispatchEvent(new Event('chargingchange'))
    connection.saveData = true
    connection.dispatchEvent(new Event('change'))
    document.visibilityState = 'visible'
    document.dispatchEvent(new Event('visibilitychange'))
    expect(heard).toEqual(['hidden', 'hidden,battery', 'hidden,battery,metered', 'battery,metered'])
  })

  it('counts a cellular connection as metered', () => {
    const { connection, conditions } = device({ connection: true })
    connection.type = 'cellular'
    expect(conditions.reasons).toEqual(['metered'])
  })

  it('hears of nothing once it is stopped, of a battery that answers late neither', async () => {
    const { document, battery, heard, conditions } = device({ battery: true })
    battery.charging = false
    conditions.stop()
    await Promise.resolve()
    await Promise.resolve()
    document.visibilityState = 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    battery.dispatchEvent(new Event('chargingchange'))
    expect(heard).toEqual([])
  })
})
