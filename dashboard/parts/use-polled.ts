import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { CALM, nextLook, type Pace } from './next-look.ts'

/** What is known of something that is asked for again and again. A failure keeps the last value. */
export type Polled<T> = { value?: T; error?: unknown; reload: () => void }

/**
 * Asks for something now, and again while the page is seen, ever less often while nothing changes.
 * @param key what is asked for; another one starts anew
 */
export function usePolled<T>(
  load: (signal: AbortSignal) => Promise<T>,
  key: string,
  pace: Pace = CALM,
): Polled<T> {
  const [known, setKnown] = useState<{ key: string; value?: T; error?: unknown }>({ key })
  const [asked, setAsked] = useState(0)
  const latest = useRef(load)
  latest.current = load
  const reload = useCallback(() => setAsked((count) => count + 1), [])

  useEffect(() => {
    const ended = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let wait = pace.first
    let told = ''
    let due = true

    async function look(): Promise<void> {
      due = false
      try {
        const value = await latest.current(ended.signal)
        const text = JSON.stringify(value)
        wait = nextLook(wait, text === told ? 'same' : 'changed', pace)
        if (text !== told && !ended.signal.aborted) setKnown({ key, value })
        told = text
      } catch (error) {
        if (ended.signal.aborted) return
        wait = nextLook(wait, 'failed', pace)
        told = ''
        setKnown((before) => ({ ...(before.key === key && before), key, error }))
      }
      if (ended.signal.aborted) return
      timer = setTimeout(onTime, wait)
    }
    /** A page that nobody sees asks for nothing, and asks at once when it is seen again. */
    function onTime(): void {
      due = true
      if (document.visibilityState === 'visible') void look()
    }
    const onSeen = () => {
      if (due && document.visibilityState === 'visible') void look()
    }
    document.addEventListener('visibilitychange', onSeen)
    onSeen()
    return () => {
      ended.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onSeen)
    }
  }, [key, asked, pace])

  return { ...(known.key === key && known), reload }
}
