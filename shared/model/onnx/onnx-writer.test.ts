import { describe, expect, it } from 'vitest'
import { encodeOnnxModel } from './onnx-writer.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

describe('the protobuf writer', () => {
  it('writes the examples of the protobuf encoding guide', () => {
    expect([...new ProtobufWriter().uint(1, 150).finish()]).toEqual([0x08, 0x96, 0x01])
    expect([...new ProtobufWriter().string(2, 'testing').finish()]).toEqual([
      0x12,
      7,
      ...Buffer.from('testing'),
    ])
    const nested = new ProtobufWriter().message(3, (writer) => writer.uint(1, 150)).finish()
    expect([...nested]).toEqual([0x1a, 3, 0x08, 0x96, 0x01])
  })

  it('writes numbers beyond 32 bits and floats', () => {
    expect([...new ProtobufWriter().uint(1, 2 ** 35).finish()]).toEqual([8, 0x80, 0x80, 0x80, 0x80, 0x80, 1])
    expect([...new ProtobufWriter().float(2, 1.5).finish()]).toEqual([0x15, 0, 0, 0xc0, 0x3f])
  })

  it.each([-1, 1.5, NaN, 2 ** 53])('refuses %d as a varint', (value) => {
    expect(() => new ProtobufWriter().uint(1, value)).toThrow(TypeError)
  })
})

describe('the ONNX writer', () => {
  it('keeps external weights outside the model', () => {
    const external = { path: 'layer-000.bin', offset: 64, sizeBytes: 4096 }
    const model = encodeOnnxModel({
      name: 'g',
      inputs: [{ name: 'x', type: 'float32', shape: [1, 'tokens', 32] }],
      outputs: [{ name: 'y', type: 'float32', shape: [1, 'tokens', 32] }],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [{ name: 'w', type: 'float32', shape: [32, 32], external }],
    })
    expect(model.byteLength).toBeLessThan(300)
    expect(Buffer.from(model).includes('layer-000.bin')).toBe(true)
  })
})
