import type { Format } from '../registry.js';

/** Apache Parquet: one row a trial, curves as lists; or the summary. */
export const parquet: Format = {
  name: 'parquet',
  about: 'Apache Parquet, one row a trial',
  extensions: ['.parquet'],
  compresses: true,
  write: async (header, records, output) => (await import('./write.js')).writeParquet(header, records, output),
  writeSummary: async (rows, output) => (await import('./write.js')).writeParquetSummary(rows, output),
  open: async (path) => (await import('./store.js')).openParquet(path),
};
