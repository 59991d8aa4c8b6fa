import { readFile } from 'node:fs/promises'
import { platform } from 'node:os'

/** Ticks a second in /proc: USER_HZ, which is 100 on every architecture that Node has builds for. */
const TICKS_PER_SECOND = 100

/** The reason to report where there is no CPU time. */
export const NO_CPU_TIME = 'CPU time of other processes is read from /proc, which Linux alone has: left out.'

/** Whether this system reports the CPU time of other processes. */
export function knowsCpuTime(): boolean {
  return platform() === 'linux'
}

/** CPU seconds that all threads of a process have used so far. @throws Error where there is no such process */
export async function cpuSecondsOf(pid: number): Promise<number> {
  return secondsIn(await readFile(`/proc/${pid}/stat`, 'utf8'))
}

/** User and system time in the text of /proc/PID/stat, in seconds (proc_pid_stat(5), fields 14 and 15). */
export function secondsIn(stat: string): number {
  // The name, field 2, stands in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
