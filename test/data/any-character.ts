// An arbitrary for single characters of all of Unicode; the built-in one takes over a second to set up.
import fc from 'fast-check';

/** Any code point but halves of surrogate pairs, often ASCII, as a string. */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0xffff }),
    fc.integer({ min: 0x1_0000, max: 0x10_ffff }),
  )
  .map((codePoint) => String.fromCodePoint(codePoint));
