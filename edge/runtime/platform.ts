import type { Fetch } from '../../shared/fetch.ts'
import type { Sha256 } from '../../shared/sha256.ts'
import type { Tracer } from '../../shared/tracing/port.ts'
import type { Limiter } from '../access/strangers.ts'
import type { AppCheck } from '../app-check/port.ts'
import type { IssuerConfig } from '../identity/issuer.ts'
import type { Principal } from '../identity/principal.ts'
import type { R2Bucket } from '../jobs/r2-results.ts'
import type { RestOf } from '../ledger/supabase-rest.ts'
import type { Log } from '../log/port.ts'
import type { Pipe } from '../metering/pass.ts'
import type { DashboardFile } from '../routes/dashboard.ts'
import type { ApiDocument } from '../routes/openapi-route.ts'
import type { SupabaseAdminOf } from '../sync/config.ts'
import type { AdminOf } from '../sync/port.ts'
import type { Ed25519 } from '../upstream/signer.ts'
import type { Prefix } from './own-names.ts'

/** Verifies tokens that need other rules than the real ones. Undefined for a token that is not of that kind. */
export type VerifyOther = (
  issuers: readonly IssuerConfig[],
  means: { fetch: typeof globalThis.fetch; now: () => number; log: Log },
) => (token: string) => Promise<Principal | undefined>

/** What a platform has of its own for a port. Where it has nothing, the adapters that run everywhere serve. */
export type Platform = {
  /** How the names of variables begin that it keeps for itself, so that the edge's have others there. */
  keepsNames?: Prefix
  /** Calls the store and the host; default: the global `fetch`. */
  fetch?: Fetch
  /** Calls the host by a path of the platform's own; default: as all else. */
  hostFetch?: Fetch | undefined
  /** Quicker than WebCrypto. */
  crypto?: { sha256: Sha256; ed25519: Ed25519 }
  /** Talks to the Postgres of a Supabase project. */
  restOf?: RestOf
  /** Makes a pair of streams that the runtime pipes to by itself. */
  createPipe?: () => Pipe
  /** Counts strangers over more than one isolate. */
  strangers?: Limiter | undefined
  /** Where large results of jobs may lie. */
  resultsBucket?: R2Bucket | undefined
  /** Reads the built dashboard. Without it there is no page at `GET /dashboard`. */
  dashboardFile?: DashboardFile | undefined
  /** Reads the OpenAPI document. Without it `GET /openapi.json` is a 404. */
  apiDocument?: ApiDocument | undefined
  /** Administers a Supabase project with a key of its. */
  supabaseAdminOf?: SupabaseAdminOf
  /** Administers issuers without a key in a variable; by the issuer's name. Undefined for one that is not the platform's. */
  ownAdminOf?: (issuer: string) => AdminOf | undefined
  /** Asks for App Check tokens of its own project. */
  appCheck?: AppCheck
  /** For development alone: no deployed bundle has one (edge/runtime/node-emulators.ts). */
  verifyOther?: VerifyOther
  /** Sends traces to a collector; undefined, once it is there, where none is named. */
  tracer?: Tracer | Promise<Tracer | undefined> | undefined
  /** Traces by the platform itself, where TRACES asks for it. */
  ownTracer?: Tracer | undefined
  /** Asks the platform about a token that is otherwise good. @throws TwohopError why it is not, after all */
  alsoVerify?: (token: string, principal: Principal) => Promise<void>
}
