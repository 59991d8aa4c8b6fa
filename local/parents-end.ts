import { readFileSync } from 'node:fs'

/** How often the parents are checked, in milliseconds: the system reports their end to nobody. */
const LOOK_MS = 250

/**
 * Calls `ended` once, when npm or the shell that it started this process with is gone. It does not keep the process
 * alive. Without Linux's /proc it checks only the parent: if npm's shell outlives npm, the end of npm goes unnoticed.
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

/** The parent's pid, and npm's too if the parent is npm's shell. */
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
