import { InvalidArgumentError } from 'commander'

/**
 * Makes a reader of an option's value: a whole number from `least` to `most`.
 * @throws InvalidArgumentError (the reader), which Commander reports with the option
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
 * Makes a reader of an option's value: a decimal number, such as 2.5, from `least` to `most`.
 * @throws InvalidArgumentError (the reader), which Commander reports with the option
 */
export function decimal(least: number, most: number) {
  return (text: string): number => {
    const number = Number(text)
    if (!/^\d+(\.\d+)?$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`)
    return number
  }
}
