/** What each sign of unusual use means, as people read it (docs/abuse.md). */
const SIGNS: Readonly<Record<string, string>> = {
  rate: 'asks far more often than usual',
  refused: 'much of it was refused',
  maxed: 'answers as long as they may be',
  country: 'from a country where it never was',
  network: 'one address has many accounts',
  age: 'new',
}

/** Why a score is what it is: each sign with its points, the most first. @param why as the edge has it: `rate=30 age=9` */
export function reasonsOf(why: string): string {
  return why
    .split(' ')
    .flatMap((word) => {
      const [, sign = '', points] = /^(\w+)=(\d+)$/.exec(word) ?? []
      return sign === '' ? [] : [{ words: SIGNS[sign] ?? sign, points: Number(points) }]
    })
    .sort((a, b) => b.points - a.points)
    .map(({ words, points }) => `${words} (${points})`)
    .join(', ')
}
