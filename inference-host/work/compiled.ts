/**
 * A compiled structure, packed; `id` is the same for the same structure, on any host. `param` is the field of the request
 * that asked for it, for what only turns out with a model's tokens.
 */
export type Compiled = { readonly id: string; readonly program: Uint8Array; readonly param?: string }
