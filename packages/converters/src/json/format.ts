import type { Format } from '../registry.js';

/** One JSON document, with the reference's own keys. */
export const json: Format = {
  name: 'json',
  about: 'one JSON document',
  extensions: ['.json'],
  compresses: false,
  write: async (header, records, output) => (await import('./write.js')).writeJsonDocument(header, records, output),
  writeSummary: async (rows, output) => (await import('./write.js')).writeSummaryDocument(rows, output),
};
