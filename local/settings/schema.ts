import * as z from 'zod'

const Texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]).optional()
const Port = z.int().min(0).max(65_535).optional()

/** What `twohop.config.ts` may say, and what the options of `npm start` come to. */
export const StartConfig = z.strictObject({
  /** Port of the edge. Default 8787; 0 for a free one. */
  port: Port,
  /** Port at which users sign in. Default 8789, or a free one where that is taken. */
  signInPort: Port,
  /** Where models run. Default auto. */
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda']).optional(),
  /** Hub ids or folders; each takes the place of the embedded model of its kind. */
  models: Texts,
  /** Pages that may call, beside installed extensions and pages of this machine. */
  origins: Texts,
  /** Firebase projects whose users are let in, in place of the local issuer's. */
  firebaseProjects: Texts,
  /** Supabase projects whose users are let in, beside the local issuer's. */
  supabaseUrls: Texts,
  /** Emulators whose tokens are taken: `firebase:<project id>`, `supabase:<URL on this machine>`. */
  emulators: Texts,
  /** The catalog, or the path of its file. Default the usual plans with the models that run. */
  catalog: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  /** More variables of the edge (docs/configuration.md). */
  edge: z.record(z.string(), z.string()).optional(),
})

/** As it is written. `export default { … } satisfies StartConfig` gives an editor the names. */
export type StartConfig = z.input<typeof StartConfig>
export type ReadConfig = z.output<typeof StartConfig>
