import { readBundledDocument } from './bundled-document.ts'
import { nodeEd25519, nodeSha256 } from './node-crypto.ts'
import { readDashboardFile } from './node-dashboard.ts'
import type { Platform } from './platform.ts'
import { createUndiciFetch } from './undici-fetch.ts'

/** What Node has of its own: quicker ways than the web's to do what each request does. */
export const createNodePlatform = () =>
  ({
    fetch: createUndiciFetch(),
    dashboardFile: readDashboardFile,
    apiDocument: readBundledDocument,
    crypto: { sha256: nodeSha256, ed25519: nodeEd25519 },
  }) satisfies Platform
