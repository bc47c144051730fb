import { SUMMARY_COLUMNS, type SummaryRow } from '../benchmark/summary.js';
import type { Output } from '../output/output.js';
import type { Format } from '../registry.js';

/** A line of comma-separated values (RFC 4180): numbers as JavaScript writes them, NaN as `nan`, infinities as `inf`. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(written).join(',')}\n`;
}

function written(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'string') return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  return Number.isFinite(value) ? String(value) : String(value).toLowerCase().replace('infinity', 'inf');
}

async function writeCsv(rows: AsyncIterable<SummaryRow[]>, output: Output): Promise<void> {
  await output.write(csvLine(SUMMARY_COLUMNS.map(({ name }) => name)));
  for await (const some of rows) await output.write(some.map(csvLine).join(''));
}

/** The summary table as comma-separated values (RFC 4180), a header line first; empty where nothing was recorded. */
export const csv: Format = {
  name: 'csv',
  about: 'the summary table, comma-separated',
  extensions: ['.csv'],
  compresses: false,
  writeSummary: writeCsv,
};
