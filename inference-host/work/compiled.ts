/** A compiled structure, packed; `id` is the same for the same structure, on any host. */
export type Compiled = { readonly id: string; readonly program: Uint8Array }
