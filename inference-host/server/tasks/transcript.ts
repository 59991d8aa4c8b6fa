import type { HostMediaRequest } from '../../../shared/media.ts'
import type { Transcript, TranscriptPart } from '../../work/transcript.ts'

type Format = NonNullable<HostMediaRequest['parameters']['format']>

/**
 * A transcript in the form that was asked for: OpenAI's, or the hub's. Of what OpenAI's segments have beside text and
 * place (log probabilities, tokens), the model tells nothing.
 */
export function transcriptAnswer(transcript: Transcript, format: Format): string {
  const { text, language, duration, seconds, chunks = [] } = transcript
  const parts = placed(chunks, duration)
  const usage = { type: 'duration', seconds }
  switch (format) {
    case 'json':
      return JSON.stringify({ text: text.trim(), usage })
    case 'verbose_json':
      return JSON.stringify({
        task: 'transcribe',
        language: language ?? 'en',
        duration,
        text: text.trim(),
        segments: parts.map((part, id) => ({ id, start: part.start, end: part.end, text: part.text })),
        usage,
      })
    case 'text':
      return `${text.trim()}\n`
    case 'srt':
      return parts.map((part, i) => `${i + 1}\n${cue(part, ',')}\n`).join('\n')
    case 'vtt':
      return `WEBVTT\n\n${parts.map((part) => `${cue(part, '.')}\n`).join('\n')}`
    case 'hub':
      return JSON.stringify({ text, ...(transcript.chunks && { chunks }) })
  }
}

/** A part with its place in the audio. */
type Placed = { text: string; start: number; end: number }

/** The parts, each with a place: what was not said to begin does so with the end of the one before, or to end, with the audio. */
function placed(chunks: readonly TranscriptPart[], duration: number): Placed[] {
  let before = 0
  return chunks.map(({ text, timestamp: [from, to] }) => {
    const start = from ?? before
    before = Math.max(start, to ?? duration)
    return { text, start, end: before }
  })
}

function cue({ text, start, end }: Placed, point: ',' | '.'): string {
  // A blank line would end the cue, and an arrow begin another.
  const line = text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('-->', '->')
  return `${clock(start, point)} --> ${clock(end, point)}\n${line}`
}

/** Hours, minutes, seconds and milliseconds, as SubRip (with a comma) and WebVTT (with a point) have them. */
function clock(seconds: number, point: ',' | '.'): string {
  const ms = Math.round(seconds * 1000)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const rest = String(ms % 1000).padStart(3, '0')
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${point}${rest}`
}
