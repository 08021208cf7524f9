import { describe, expect, it } from 'vitest'
import { parseRelayOptions } from './cli-options.ts'
import { connectSourcesOf } from './connect-sources.ts'

describe('parseRelayOptions', () => {
  it('has defaults that expose nothing', () => {
    expect(parseRelayOptions([])).toEqual({
      port: 9090,
      host: '127.0.0.1',
      dataDir: '.data/relay',
      models: [],
      peerRelays: [],
      trustedHops: 0,
      minStages: 2,
      hasJsonLog: false,
      isVerbose: false,
    })
  })

  it('takes every option', () => {
    const argv =
      '--port 0 --host ::1 --data d --model guide=a/b=c --model packed --peer-relay /dns4/b.example.org/tcp/443/wss --trust-proxy 2 --min-stages 3 --json-log --verbose'
    expect(parseRelayOptions(argv.split(' '))).toEqual({
      port: 0,
      host: '::1',
      dataDir: 'd',
      models: [
        { name: 'guide', directory: 'a/b=c' },
        { name: undefined, directory: 'packed' },
      ],
      peerRelays: ['/dns4/b.example.org/tcp/443/wss'],
      trustedHops: 2,
      minStages: 3,
      hasJsonLog: true,
      isVerbose: true,
    })
  })

  it.each([['--help'], ['-h']])('%s', (flag) => {
    expect(parseRelayOptions([flag])).toBe('help')
  })

  it.each([
    [['--prot', '1']],
    [['--port']],
    [['--port', '65536']],
    [['--port', '-1']],
    [['--port', '1e3']],
    [['--host', 'example.org']],
    [['--model', '=dir']],
    [['--model', 'name=']],
    [['--peer-relay', 'wss://b.example.org']],
    [['--trust-proxy', 'yes']],
    [['--min-stages', '0']],
    [['stray']],
  ])('refuses %j', (argv) => {
    let message = ''
    try {
      parseRelayOptions(argv)
    } catch (error) {
      expect((error as Error).name).toBe('UsageError')
      message = (error as Error).message
    }
    expect(message).toMatchSnapshot()
  })
})

describe('connectSourcesOf', () => {
  it.each([
    ['/ip4/192.0.2.1/tcp/9090/ws', ['ws://192.0.2.1:9090', 'http://192.0.2.1:9090']],
    ['/ip6/2001:db8::1/tcp/9090/ws', ['ws://[2001:db8::1]:9090', 'http://[2001:db8::1]:9090']],
    ['/dns4/b.example.org/tcp/443/wss', ['wss://b.example.org:443', 'https://b.example.org:443']],
    ['/dns/b.example.org/tcp/443/tls/ws', ['wss://b.example.org:443', 'https://b.example.org:443']],
    ['/ip4/192.0.2.1/tcp/9090', []],
    ['/ip4/192.0.2.1/udp/9090/quic-v1', []],
  ])('%s', (address, expected) => {
    expect(connectSourcesOf([address])).toEqual(expected)
  })
})
