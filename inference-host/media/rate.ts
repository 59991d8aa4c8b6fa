/** Whisper's samples a second. */
export const RATE = 16_000
