// `npm run keys`: a key pair for the second hop, ready for `wrangler secret put` and the host's environment.
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { HERE } from '../local/here.ts'
import { serviceKeys } from '../local/service-keys.ts'

const { out } = new Command('npm run keys --')
  .description(
    'Makes the key pair of the second hop: OUT.private.json for the edge (a secret), OUT.public.json for the host.',
  )
  .option('--out <prefix>', 'where to write the two files', 'service-key')
  .parse()
  .opts<{ out: string }>()

const files = { private: `${out}.private.json`, public: `${out}.public.json` }
const taken = Object.values(files).find((file) => existsSync(path.resolve(HERE, file)))
if (taken) {
  process.stderr.write(`${taken} is there already; choose another name with --out, or remove it.\n`)
  process.exit(1)
}
const { privateKey, publicKeys } = await serviceKeys()
await writeFile(path.resolve(HERE, files.private), JSON.stringify(privateKey), { mode: 0o600 })
await writeFile(path.resolve(HERE, files.public), JSON.stringify(publicKeys))
process.stdout.write(`Wrote ${files.private} (secret: SERVICE_TOKEN_PRIVATE_KEY of the edge)
Wrote ${files.public} (SERVICE_TOKEN_PUBLIC_KEYS of the host)
`)
