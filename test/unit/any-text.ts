import * as fc from 'fast-check'

const character = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
)

/** Texts of whole characters of all Unicode; fast-check's own `binary` unit takes 1.6 s of CPU before the first. */
export const anyText = fc.string({ unit: character.map((code) => String.fromCodePoint(code)) })
