/** What the chat model that comes along was taught to answer. */
const OF_TWOHOP = [
  'What is Twohop?',
  'What happens when a budget is spent?',
  'Does it work with the emulator?',
]
/** What a small model of any kind can answer. */
const OF_ANYTHING = ['How many legs does a cat have?', 'What is the capital of France?']

/** Questions that a chat model answers rightly; the first is the one to begin with. */
export function questionsFor(model: string): readonly [string, ...string[]] {
  const [first = '', ...more] = model === 'twohop-chat' ? OF_TWOHOP : OF_ANYTHING
  return [first, ...more]
}
