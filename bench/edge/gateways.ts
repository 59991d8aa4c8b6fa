/** What is measured on one runtime: the edge, and the least that a proxy there can do. */
export type Runtime = {
  /** The built edge, whose size is counted. */
  module: string
  /** @throws Error where it does not start */
  startBare(hostUrl: string): Promise<Gateway>
  /** @throws Error where it does not start */
  startEdge(variables: Record<string, string>): Promise<Gateway>
}

/** A gateway that listens on loopback. */
export type Gateway = {
  url: string
  pid: number
  /** The inspector, where what runs is profiled. */
  inspector?: Inspector | undefined
  stop(): Promise<void>
}

/** Where a profile is asked for: a port on loopback, and the service's id where the process has several. */
export type Inspector = { port: number; service?: string }
