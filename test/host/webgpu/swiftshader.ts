import { existsSync } from 'node:fs'

const CHROMIUM = '/usr/lib/chromium'
const DRIVER = `${CHROMIUM}/vk_swiftshader_icd.json`

/** Debian's chromium brings a Vulkan driver that computes in software, and the Vulkan loader. For a process's start. */
export const SWIFTSHADER = {
  VK_DRIVER_FILES: DRIVER,
  VK_ICD_FILENAMES: DRIVER,
  LD_LIBRARY_PATH: CHROMIUM,
}

/** Empty, or why tests on it are skipped, which CI may not do. */
export const noSwiftShader = existsSync(DRIVER) ? '' : ` (${DRIVER} is missing: apt-get install chromium)`
if (noSwiftShader !== '' && process.env.CI !== undefined) throw new Error(`CI must have${noSwiftShader}`)
