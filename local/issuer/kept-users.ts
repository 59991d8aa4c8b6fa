import { readFile, rename, writeFile } from 'node:fs/promises'
import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'
import { type Directory, type LocalUser, MOST_USERS } from './directory.ts'

/** The two directories, by their platforms. */
export type Directories = { firebase: Directory; supabase: Directory }

const Bytes = z.base64().transform((text) => Buffer.from(text, 'base64'))
/** Nothing that a project's owner says of a user is kept: a file that somebody edits gives no right. */
const KeptUser = z.object({
  id: z.string().min(1),
  email: z.string().min(1),
  password: z.object({ salt: Bytes, hash: Bytes }),
  emailVerified: z.boolean(),
  profile: z.record(z.string(), z.unknown()),
  createdAt: z.number(),
  lastSignInAt: z.number(),
})
const KeptFile = z.object({
  firebase: z.array(KeptUser).max(MOST_USERS),
  supabase: z.array(KeptUser).max(MOST_USERS),
})

/**
 * Puts those who signed up before back into their directories. The demo users, who are there already, stay as they are.
 * @throws Error of one line where the file is there and is none that was written here
 */
export async function readKeptUsers(file: string, into: Directories): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return
  const { data } = KeptFile.safeParse(parseJson(text))
  if (data === undefined) throw new Error(`${file} holds no users: remove it, and all sign up anew.`)
  for (const platform of ['firebase', 'supabase'] as const)
    for (const user of data[platform]) into[platform].restore({ ...user, owner: {} })
}

/**
 * Writes those who have an address and a password, which is its scrypt hash here, into a file that its owner alone can read.
 * Sessions are not kept: everybody signs in anew.
 */
export async function writeKeptUsers(file: string, { firebase, supabase }: Directories): Promise<void> {
  const draft = `${file}.${process.pid}`
  const text = JSON.stringify({ firebase: kept(firebase), supabase: kept(supabase) })
  await writeFile(draft, text, { mode: 0o600 })
  await rename(draft, file)
}

function kept(directory: Directory): unknown[] {
  return directory.all().flatMap(({ owner: _, password, ...user }: LocalUser) =>
    user.email === undefined || password === undefined
      ? []
      : {
          ...user,
          password: { salt: password.salt.toString('base64'), hash: password.hash.toString('base64') },
        },
  )
}
