import type { Format } from '../registry.js';

/** JSON Lines: a header, and then one line an architecture, with the reference's own keys. */
export const jsonLines: Format = {
  name: 'jsonl',
  about: 'JSON, one line an architecture',
  extensions: ['.jsonl', '.ndjson'],
  compresses: false,
  write: async (header, records, output) => (await import('./write.js')).writeJsonLines(header, records, output),
  writeSummary: async (rows, output) => (await import('./write.js')).writeSummaryLines(rows, output),
  read: async (file, bytes) => (await import('./read.js')).readJsonLines(file, bytes),
};
