import { installOwnPackages } from '../../own-packages.ts'

/** The vendors' own packages are installed once. */
export default function upstreamsRun(): void {
  installOwnPackages('test/clients')
}
