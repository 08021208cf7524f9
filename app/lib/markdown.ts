import DOMPurify from 'dompurify'
import { Marked } from 'marked'

const marked = new Marked({
  gfm: true,
  breaks: true,
  async: false,
  renderer: {
    // HTML that a model writes is text to read. Handing it to a parser, inert or not, could only go wrong.
    html: ({ text }) => escapeHtml(text),
    // Pictures would be fetched from other sites and tell them who reads: their description stands instead.
    image: ({ text }) => escapeHtml(text),
  },
})
const purify = DOMPurify(window)

// Text, lists, tables and code: no images, forms, styles, ids or classes, whatever the renderer above lets through.
const ALLOWED_TAGS = [
  ...['p', 'br', 'hr', 'strong', 'em', 'del', 'blockquote', 'code', 'pre', 'a'],
  ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li'],
  ...['table', 'thead', 'tbody', 'tr', 'th', 'td'],
]

purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return
  node.setAttribute('target', '_blank')
  node.setAttribute('rel', 'noopener noreferrer nofollow')
})

/**
 * Renders a model's Markdown as inert nodes. The text is hostile: only listed elements pass, links only to http(s)
 * and mail, and nodes instead of markup come back, so that no caller can put the string into a page by mistake.
 */
export function renderMarkdown(text: string): DocumentFragment {
  // marked returns a promise only with `async: true`.
  const html = marked.parse(text) as string
  return purify.sanitize(html, {
    ALLOWED_TAGS,
    ALLOWED_ATTR: ['href', 'start', 'align'],
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  })
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
