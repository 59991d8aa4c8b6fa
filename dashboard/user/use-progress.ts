import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Progress } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { followJob } from './follow-job.ts'

/** Jobs that are followed at once: a browser has six connections to an edge that speaks HTTP/1.1. */
const MOST_FOLLOWED = 3

/**
 * How far jobs are, by their events, while the page is seen. Of more than MOST_FOLLOWED only the first are followed.
 * @param onEnd called when one of them has ended
 */
export function useProgress(ids: readonly string[], onEnd: () => void): ReadonlyMap<string, Progress> {
  const api = useApi()
  const [known, setKnown] = useState<ReadonlyMap<string, Progress>>(new Map())
  const followed = ids.slice(0, MOST_FOLLOWED).join(' ')
  useEffect(() => {
    let ended = new AbortController()
    function follow(): void {
      ended.abort()
      ended = new AbortController()
      const { signal } = ended
      if (document.visibilityState !== 'visible' || followed === '') return
      for (const id of followed.split(' '))
        void followJob(api, id, {
          signal,
          onEnd,
          onProgress: (progress) => setKnown((before) => new Map(before).set(id, progress)),
        })
    }
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      ended.abort()
      document.removeEventListener('visibilitychange', follow)
    }
  }, [api, followed, onEnd])
  // What is known of a job that is followed no more may be old.
  return useMemo(
    () => new Map([...known].filter(([id]) => followed.split(' ').includes(id))),
    [known, followed],
  )
}
