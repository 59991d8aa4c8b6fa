import type { Speed } from './speed.ts'

/** What a host computes on: two cores of a CPU, or a GPU of this name. */
export const DEVICES = ['cpu', 'a40', 'l4'] as const
export type Device = (typeof DEVICES)[number]

/** How fast each is. */
export type Speeds = Record<Device, Speed>
