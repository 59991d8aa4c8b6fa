/**
 * Random numbers in [0, 1) from a seed, the same on every machine: sfc32 (Chris Doty-Humphrey's PractRand), seeded
 * with both halves of the seed and run in, as its author advises.
 * @param seed a whole number of 64 bits, as far as a number holds it
 * @param answer which of the answers to a request the numbers are for, from 0 on: each has a stream of its own. It is
 * added to the lower half: beyond 2^53, a seed plus 1 is the same number.
 */
export function seededRandom(seed: number, answer = 0): () => number {
  let a = ((seed | 0) + answer) | 0
  let b = Math.floor(seed / 2 ** 32) | 0
  let c = 0x9e3779b9 | 0
  let counter = 1
  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 15; round++) next()
  return next
}
