import { InvalidArgumentError } from 'commander'

/**
 * Reads an option's value as a whole number from `least` to `most`.
 * @throws InvalidArgumentError which Commander tells together with the option
 */
export function whole(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
    return number
  }
}

/**
 * Reads an option's value as a decimal number, such as 2.5, from `least` to `most`.
 * @throws InvalidArgumentError which Commander tells together with the option
 */
export function decimal(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text)
    if (!/^\d+(\.\d+)?$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`)
    return number
  }
}
