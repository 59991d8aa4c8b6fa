/** A packet, and where the stream is at the end of its page, in samples; undefined where the container does not say. */
export type Packet = { data: Uint8Array; place?: number | undefined }
