import type * as Ort from 'onnxruntime-web'

/**
 * The part of ONNX Runtime Web that we use. Handed in, because a tab's worker, a tab without a GPU and Node each load
 * another bundle of it.
 */
export type OrtRuntime = Pick<typeof Ort, 'InferenceSession' | 'Tensor'>
export type OrtSession = Ort.InferenceSession
export type OrtTensor = Ort.Tensor
export type OrtSessionOptions = Ort.InferenceSession.SessionOptions
