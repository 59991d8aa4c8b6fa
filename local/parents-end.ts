import { readFileSync } from 'node:fs'

/** How often the parents are looked for, in milliseconds: the system tells nobody of their end. */
const LOOK_MS = 250

/**
 * Calls `ended` once, when npm or the shell that it started this process with is gone. Keeps no process alive by itself.
 * Without Linux's /proc only the parent is seen: npm's own end then goes unnoticed where its shell survives it.
 */
export function onParentsEnd(ended: () => void): void {
  const parents = parentsNow()
  const timer = setInterval(() => {
    if (parentsNow() === parents) return
    clearInterval(timer)
    ended()
  }, LOOK_MS)
  timer.unref()
}

/** The parent, and npm behind it where the parent is npm's shell. */
function parentsNow(): string {
  const { ppid } = process
  const [, name = '', npm = ''] = /^\d+ \((.*)\) \S (\d+) /s.exec(statOf(ppid)) ?? []
  return /^(ba|da|z|k)?sh$/.test(name) ? `${ppid} ${npm}` : String(ppid)
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}
