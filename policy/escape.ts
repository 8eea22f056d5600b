/** Text from outside on its way to a person's eyes. */

/**
 * Control, format and separator characters and everything that turns text around, as `\u{…}`; a backslash as two. Different texts stay
 * different. Look-alike letters are not touched.
 */
export function escapeText(text: string): string {
  return text.replace(/[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '\\' ? '\\\\' : `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
}
