/** Something that is checked, whether it is as it should be, and what to do where it is not. */
export type Finding = {
  check: string
  /** False where the deployment does not do what it promises; it is then ill. */
  ok: boolean
  /** What was found, and what that means. */
  detail: string
  /** It works, and should still be looked at. */
  warns?: true
  /** Commands that mend it. */
  mend?: string[]
}

export const fine = (check: string, detail: string): Finding => ({ check, ok: true, detail })
export const warning = (check: string, detail: string, ...mend: string[]): Finding => ({
  check,
  ok: true,
  detail,
  warns: true,
  ...(mend.length > 0 && { mend }),
})
export const ill = (check: string, detail: string, ...mend: string[]): Finding => ({
  check,
  ok: false,
  detail,
  ...(mend.length > 0 && { mend }),
})
