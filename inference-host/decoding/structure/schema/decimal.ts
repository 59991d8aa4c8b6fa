/** A number as it is written in decimal: `digits` times ten to the power of `-decimals`. Its last digit is not 0. */
export type Decimal = { readonly digits: bigint; readonly decimals: number }

/** The decimal that JSON has for a number. What a client wrote as `0.1` is a tenth here. */
export function decimalOf(value: number): Decimal {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? []
  let digits = BigInt(`${sign}${whole}${fraction}`)
  let decimals = fraction.length - Number(exponent)
  while (digits !== 0n && digits % 10n === 0n) {
    digits /= 10n
    decimals--
  }
  return digits === 0n ? { digits, decimals: 0 } : { digits, decimals }
}

/** A decimal in units of the last of `decimals` digits after the point, or undefined where it is no whole number of them. */
export function unitsOf({ digits, decimals }: Decimal, unit: number): bigint | undefined {
  return unit >= decimals ? digits * 10n ** BigInt(unit - decimals) : undefined
}

/** Whether `value` is a multiple of `of`, in decimal: 0.3 is one of 0.1. */
export function isMultiple(value: number, of: number): boolean {
  const [a, b] = [decimalOf(value), decimalOf(of)]
  const unit = Math.max(a.decimals, b.decimals)
  const [whole, part] = [unitsOf(a, unit), unitsOf(b, unit)]
  return whole !== undefined && part !== undefined && part !== 0n && whole % part === 0n
}

/** `units` of the last of `decimals` digits after the point, as JSON writes them. */
export function decimalText(units: bigint, decimals: number): string {
  if (decimals <= 0) return String(units * 10n ** BigInt(-decimals))
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/, '')
  const text = `${digits.slice(0, -decimals)}${fraction === '' ? '' : `.${fraction}`}`
  return units < 0n ? `-${text}` : text
}
