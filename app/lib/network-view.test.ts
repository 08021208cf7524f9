import { describe, expect, it } from 'vitest'
import { emptyNetwork, largeNetwork, PEERS, smallNetwork } from '../testing/fake-network.ts'
import { parseNetworkSnapshot } from './network-snapshot.ts'
import { modelTracks } from './network-view.ts'

describe('modelTracks', () => {
  it('draws a link that both ends report once, from left to right', () => {
    const [track] = modelTracks(smallNetwork(), null)
    expect(track?.links.map(({ from, to, path }) => [from, to, path])).toEqual([
      [`${PEERS[0]} 0-4`, `${PEERS[1]} 4-8`, 'worker-channel'],
    ])
  })

  it('lights the bar of this tab', () => {
    const [track] = modelTracks(smallNetwork(), PEERS[1] ?? null)
    expect(track?.bars.map((bar) => bar.isYours)).toEqual([false, true])
    expect(track?.bars[1]?.description).toMatch(/^This tab holds layers 4-8 of 8\./)
  })

  it('counts the peers on the thinnest layer, loading and sleeping ones not among them', () => {
    const snapshot = smallNetwork()
    const asleep = { ...snapshot, peers: snapshot.peers.map((peer, i) => ({ ...peer, isAwake: i === 0 })) }
    const covers = [snapshot, asleep, emptyNetwork()].map((one) => modelTracks(one, null)[0]?.cover)
    expect(covers).toEqual([1, 0, 0])
    expect(modelTracks(asleep, null)[0]?.bars.map((bar) => bar.state)).toEqual(['ready', 'asleep'])
  })

  it('draws no link between replicas of one range', () => {
    const snapshot = smallNetwork()
    const [first, second] = snapshot.peers
    if (first === undefined || second === undefined) throw new Error('there are two peers')
    const replicas = { ...snapshot, peers: [first, { ...first, peerId: second.peerId }] }
    expect(modelTracks(replicas, null)[0]?.links).toEqual([])
  })
})

describe('parseNetworkSnapshot', () => {
  it.each([
    ['empty', emptyNetwork()],
    ['small', smallNetwork()],
    ['large', largeNetwork()],
  ])('takes the %s network as it crosses JSON', (_, snapshot) => {
    expect(parseNetworkSnapshot(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot)
  })

  it.each([
    ['null', null],
    ['a page of HTML', '<!doctype html>'],
    [
      'an empty layer range',
      { ...emptyNetwork(), models: [{ ...emptyNetwork().models[0], gaps: [{ start: 2, end: 2 }] }] },
    ],
    [
      'a model without layers',
      { ...emptyNetwork(), models: [{ ...emptyNetwork().models[0], layerCount: 0 }] },
    ],
  ])('refuses %s', (_, value) => {
    expect(() => parseNetworkSnapshot(value)).toThrow()
  })
})
