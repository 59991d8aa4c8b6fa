/** The longest that a timer of Node can wait, in milliseconds. A longer one fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1
