const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0)
  return remainder >>> 0
})

/** CRC-32 of a text's UTF-8 bytes, as in Ethernet, gzip and zip (RFC 1952 section 8): a whole number below 2^32. */
export function crc32(text: string): number {
  let sum = 0xffffffff
  for (const byte of new TextEncoder().encode(text)) sum = (sum >>> 8) ^ (TABLE[(sum ^ byte) & 255] ?? 0)
  return (sum ^ 0xffffffff) >>> 0
}
