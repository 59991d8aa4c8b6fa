/** How many answers a request of any kind asks for: its `n`, or one. */
export const answersOf = (request: object): number =>
  'n' in request && typeof request.n === 'number' ? request.n : 1
