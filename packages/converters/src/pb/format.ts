import type { Format } from '../registry.js';

/** Protocol Buffers: the whole benchmark, exactly. See `proto/nas_bench_201.proto`. */
export const pb: Format = {
  name: 'pb',
  about: 'Protocol Buffers, one message an architecture',
  extensions: ['.pb'],
  compresses: false,
  write: async (header, records, output) => (await import('./write.js')).writePb(header, records, output),
  read: async (file, bytes) => (await import('./read.js')).readPb(file, bytes),
  open: async (path) => (await import('./store.js')).openPb(path),
};
