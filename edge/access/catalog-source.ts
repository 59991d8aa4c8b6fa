import type { Catalog } from '../../shared/catalog.ts'
import { catalogOver, type Deployed } from '../../shared/catalog-change.ts'
import type { Log } from '../log/port.ts'

/** A catalog as it lies in the store; `text` is undefined where the deployed one holds. */
export type StoredCatalog = { version: number; text: string | undefined }

/** The catalog in a shared store. Every method throws TwohopError `store_unavailable` where it does not answer. */
export type CatalogStore = {
  /** The version that is there; 0 for none. */
  version(): Promise<number>
  read(): Promise<StoredCatalog>
}

type Options = {
  deployed: Deployed
  store: CatalogStore
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  log: Log
}

/** The catalog of an isolate. */
export type CatalogSource = {
  current(): Catalog
  /**
   * To be called before a request is judged by the catalog. The first in an isolate waits until the store was read: a model
   * that was switched off must not be served by each new isolate. Later ones wait for nothing; once a minute one has it read
   * behind its answer.
   * @throws TwohopError store_unavailable where it was never read
   */
  ready(background: (task: Promise<unknown>) => void): Promise<void>
}

/** Milliseconds from one read to the next. */
export const CATALOG_READ_MS = 60_000

/**
 * The catalog as the store has it, read at most once a minute. One that does not fit is never taken: the last one stays, or
 * the deployed one where there was none.
 */
export function createCatalogSource({ deployed, store, now, log }: Options): CatalogSource {
  let catalog = deployed.catalog
  let known: { version: number; at: number } | undefined

  async function take({ version, text }: StoredCatalog): Promise<void> {
    const found = text === undefined ? { catalog: deployed.catalog } : catalogOver(deployed, text)
    known = { version, at: now() }
    if ('catalog' in found) {
      catalog = found.catalog
      return log('info', 'catalog_taken', { detail: { version } })
    }
    // The place is enough to find it; `npx twohop catalog` tells the rest to whoever sets one.
    const [place = ''] = found.wrong[0]?.split(':') ?? []
    return log('error', 'catalog_refused', { detail: { version, place: place.slice(0, MOST_PLACE) } })
  }

  async function read(): Promise<void> {
    const version = await store.version()
    if (version !== known?.version) await take(await store.read())
  }

  return {
    current: () => catalog,
    async ready(background) {
      // Each waits for its own: on workerd another request's promise may never settle.
      if (known === undefined) return read()
      if (now() - known.at < CATALOG_READ_MS) return
      known.at = now()
      background(read().catch((error: unknown) => log('warn', 'catalog_unread', { error })))
    },
  }
}

/** Characters of the place of a fault in the log. */
const MOST_PLACE = 100
