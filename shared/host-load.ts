/** The header of a host's answers that says how busy it is. */
export const HOST_LOAD = 'x-host-load'

/** Requests that run or wait, then places where they run; or that the host starts, or will stop. */
const FORM = /^(\d{1,6})\/([1-9]\d{0,5})(; draining)?$/

/** What a host says of itself: `draining` is one that takes nothing new. */
export type SaidLoad = { requests: number; places: number; draining: boolean }

/** That as the header has it. */
export function loadText({ requests, places, draining }: SaidLoad): string {
  return `${requests}/${places}${draining ? '; draining' : ''}`
}

/** What the header says; undefined where it says nothing that is understood. */
export function readLoad(header: string | null): SaidLoad | undefined {
  const [, requests, places, draining] = FORM.exec(header ?? '') ?? []
  if (requests === undefined) return undefined
  return { requests: Number(requests), places: Number(places), draining: draining !== undefined }
}
