import { SUMMARY_COLUMNS, type SummaryRow } from '../benchmark/summary.js';
import type { Output } from '../output/output.js';
import type { Format } from '../registry.js';

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
/** Numbers as JavaScript writes them, the shortest that read back as the same; NaN as `nan`, infinities as `inf`. */
const written = (value: string | number | null): string => {
  if (value === null) return '';
  if (typeof value === 'string') return quoted(value);
  return Number.isFinite(value) ? String(value) : String(value).toLowerCase().replace('infinity', 'inf');
};

async function writeCsv(rows: AsyncIterable<SummaryRow[]>, output: Output): Promise<void> {
  await output.write(`${SUMMARY_COLUMNS.map(({ name }) => name).join(',')}\n`);
  for await (const some of rows) await output.write(some.map((row) => `${row.map(written).join(',')}\n`).join(''));
}

/** The summary table as comma-separated values (RFC 4180), a header line first; empty where nothing was recorded. */
export const csv: Format = {
  name: 'csv',
  about: 'the summary table, comma-separated',
  extensions: ['.csv'],
  compresses: false,
  writeSummary: writeCsv,
};
