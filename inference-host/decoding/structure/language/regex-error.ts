/** Why a regular expression is not supported. The caller knows the field. */
export class RegexError extends Error {}
