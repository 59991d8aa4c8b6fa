import { existsSync } from 'node:fs'

const CHROMIUM = '/usr/lib/chromium'
const DRIVER = `${CHROMIUM}/vk_swiftshader_icd.json`

const driver = (file: string) => ({
  VK_DRIVER_FILES: file,
  VK_ICD_FILENAMES: file,
  LD_LIBRARY_PATH: CHROMIUM,
})

/** Debian's chromium brings a Vulkan driver that computes in software, and the Vulkan loader. For a process's start. */
export const SWIFTSHADER = driver(DRIVER)
/** No driver at all, whatever the machine has. */
export const NO_VULKAN = driver('/dev/null')

/** Empty, or why tests on it are skipped, which CI may not do. */
export const noSwiftShader = existsSync(DRIVER) ? '' : ` (${DRIVER} is missing: apt-get install chromium)`
if (noSwiftShader !== '' && process.env.CI !== undefined) throw new Error(`CI must have${noSwiftShader}`)
