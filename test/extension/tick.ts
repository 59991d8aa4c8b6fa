/** Until something may have changed. A test that waits in vain ends by its time limit. */
export const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 30))
