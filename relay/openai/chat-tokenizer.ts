import type { ModelTokenizer } from '../../shared/model/tokenizer.ts'

/** What the gateway needs of a model's tokenizer. */
export type ChatTokenizer = Pick<ModelTokenizer, 'encodeChat' | 'encodeText' | 'createStreamDecoder'>
