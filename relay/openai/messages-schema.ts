import * as v from 'valibot'
import type { ChatMessage } from '../../shared/model/tokenizer.ts'

/** A conversation longer than this is refused before it is tokenised. */
const MAX_MESSAGES = 2048

const NO_TOOLS =
  'tools are not supported: models on this mesh answer in text. Put the tool result into a user message'

const textPart = v.looseObject(
  {
    type: v.picklist(['text'], 'only parts of type "text" are supported: models on this mesh read text'),
    text: v.string('a string was expected'),
  },
  'a text part {"type": "text", "text": "..."} was expected',
)

const textParts = v.pipe(
  v.array(textPart, 'a string or an array of text parts was expected'),
  v.maxLength(MAX_MESSAGES, `at most ${MAX_MESSAGES} parts are allowed`),
  // A line break keeps two parts from growing into one word.
  v.transform((parts) => parts.map((part) => part.text).join('\n')),
)

const plainText = v.string('a string or an array of text parts was expected')

const noToolCalls = v.nullish(v.pipe(v.array(v.unknown(), NO_TOOLS), v.maxLength(0, NO_TOOLS)))

const message = v.pipe(
  v.looseObject(
    {
      role: v.picklist(['system', 'developer', 'user', 'assistant'], (issue) =>
        issue.input === 'tool' || issue.input === 'function'
          ? NO_TOOLS
          : '"system", "developer", "user" or "assistant" was expected',
      ),
      content: v.lazy((input) => (Array.isArray(input) ? textParts : plainText)),
      tool_calls: noToolCalls,
      function_call: v.nullish(v.never(NO_TOOLS)),
    },
    'an object with role and content was expected',
  ),
  v.transform(({ role, content }): ChatMessage => ({
    role: role === 'developer' ? 'system' : role,
    // Half a surrogate pair is no text; JSON can spell it all the same.
    content: content.toWellFormed(),
  })),
)

/**
 * `messages` of a chat request. What clients send back from earlier answers (`refusal`, `annotations`, `name`, an
 * empty `tool_calls`) is allowed and dropped; issue messages end a sentence that begins with the field's path.
 */
export const messagesSchema = v.pipe(
  v.array(message, 'an array of messages was expected'),
  v.minLength(1, 'at least one message is needed'),
  v.maxLength(MAX_MESSAGES, `at most ${MAX_MESSAGES} messages are allowed`),
)
