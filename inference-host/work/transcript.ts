import * as z from 'zod'

/** A part of a transcript, with where it begins and ends in the audio, in seconds; null where the model did not say. */
const TranscriptPart = z.object({
  text: z.string(),
  timestamp: z.tuple([z.number().nullable(), z.number().nullable()]),
})
export type TranscriptPart = z.infer<typeof TranscriptPart>

/** What a model heard. `seconds` are those that are paid for. */
export const Transcript = z.object({
  text: z.string(),
  /** By its code, such as `en`; undefined for a model of one language. */
  language: z.string().optional(),
  /** How long the audio is. */
  duration: z.number(),
  seconds: z.number(),
  /** Where timestamps were asked for. */
  chunks: z.array(TranscriptPart).optional(),
})
export type Transcript = z.infer<typeof Transcript>
