/** Whether this is an architecture of NATS-Bench's size space: the channels of its five stages, `64:32:16:8:64`. */
export function isChannels(arch: string): boolean {
  return /^\d+(:\d+)*$/.test(arch);
}
