import { installOwnPackages } from '../../own-packages.ts'

/** The vendors' own packages are installed once. */
export default async function upstreamsRun(): Promise<undefined> {
  await installOwnPackages('test/clients')
}
