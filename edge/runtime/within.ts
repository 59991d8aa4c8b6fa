/** Waits for `task`, for `ms` milliseconds at most. @throws what `task` throws until then */
export async function within(ms: number, task: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([task, late]).finally(() => clearTimeout(timer))
}
