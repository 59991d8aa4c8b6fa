/** Money in whole millionths of a US dollar: sums are exact, and 2^53 of them are nine billion dollars. */
export type MicroDollars = number

const MICROS_PER_CENT = 10_000

/**
 * Reads a price as a provider's page prints it, such as `0.30`, into micro-dollars.
 * @throws RangeError for anything but a decimal number with up to six places
 */
export function microDollars(usd: string): MicroDollars {
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(usd) ?? []
  if (whole === undefined) throw new RangeError(`a price must be like 0.30 with at most 6 places, not ${usd}`)
  return Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0'))
}

/**
 * What `quantity` whole units cost at `price` for each `per` of them, rounded up to the cent like a line of an invoice.
 * @throws RangeError when a number is no whole number of at least 0, or `per` is 0
 */
export function priceOf(quantity: number, price: MicroDollars, per: number): MicroDollars {
  for (const number of [quantity, price, per])
    if (!Number.isSafeInteger(number) || number < 0)
      throw new RangeError(`a quantity must be a whole number, not ${number}`)
  if (per === 0) throw new RangeError('a price must be for more than 0 units')
  // This is in BigInt: a terabyte of bytes times a price is beyond 2^53.
  const cents = ceilDivide(BigInt(quantity) * BigInt(price), BigInt(per) * BigInt(MICROS_PER_CENT))
  return Number(cents) * MICROS_PER_CENT
}

const ceilDivide = (a: bigint, b: bigint) => (a + b - 1n) / b

/** The same in dollars: exact where it is whole cents, to the nearest number that a double has. */
export const inDollars = (amount: MicroDollars): number => amount / 1_000_000

/** Text such as `$1,234.50`; `places` up to 6. */
export function dollars(amount: MicroDollars, places = 2): string {
  const text = Math.abs(amount / 1_000_000).toLocaleString('en-US', {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  })
  return `${amount < 0 ? '-' : ''}$${text}`
}
