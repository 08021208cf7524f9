/**
 * Writes JSON in one way only: keys in code-unit order, no white space, numbers and strings as ECMAScript prints them.
 * This is RFC 8785 for values that JSON can hold; anything else (undefined, NaN, bigint, functions) is refused.
 * @throws TypeError for a value that has no JSON form
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form.`)
      return JSON.stringify(value)
    case 'object': {
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
      const members = Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
        .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
      return `{${members.join(',')}}`
    }
    default:
      throw new TypeError(`A ${typeof value} has no JSON form.`)
  }
}
