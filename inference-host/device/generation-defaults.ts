/** What a model's `generation_config.json` says about choosing tokens. */
export type SamplingDefaults = {
  do_sample?: boolean
  temperature?: number | null
  top_p?: number | null
  top_k?: number | null
  min_p?: number | null
  repetition_penalty?: number | null
}
