import type { Format } from '../registry.js';

/** Apache Arrow's file format (Feather, version 2): the same tables as Parquet. */
export const arrow: Format = {
  name: 'arrow',
  about: 'Apache Arrow IPC, one row a trial',
  extensions: ['.arrow', '.feather'],
  compresses: false,
  write: async (_, records, output) => (await import('./write.js')).writeArrow(records, output),
  writeSummary: async (rows, output) => (await import('./write.js')).writeArrowSummary(rows, output),
};
