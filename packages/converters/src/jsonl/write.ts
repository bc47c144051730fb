import type { ArchitectureRecord } from 'nas-bench-201';
import type { BenchmarkHeader } from '../benchmark/source.js';
import { SUMMARY_COLUMNS, type SummaryRow } from '../benchmark/summary.js';
import type { Output } from '../output/output.js';
import { headerText, RecordText } from './text.js';

/** Numbers of which the text is made at once: about 2 MB. */
const PORTION = 80_000;
/** Portions whose text is being made while more records are read. */
const AHEAD = 2;

/**
 * Writes records as JSON, the text of each around what `wrap` begins and ends it with. Texts are made by other threads,
 * some at a time, and written in order.
 */
export async function writeRecords(
  records: AsyncIterable<ArchitectureRecord>,
  output: Output,
  wrap: (record: ArchitectureRecord, text: RecordText) => void,
): Promise<void> {
  const waiting: Promise<Uint8Array>[] = [];
  let portion = new RecordText();
  const flush = async () => {
    const text = portion.bytes();
    text.catch(() => {});
    waiting.push(text);
    portion = new RecordText();
    if (waiting.length > AHEAD) await output.write(await waiting.shift()!);
  };
  for await (const record of records) {
    wrap(record, portion);
    if (portion.numbers >= PORTION) await flush();
  }
  await flush();
  for (const text of waiting) await output.write(await text);
}

/** A header, and then one line an architecture. */
export async function writeJsonLines(
  header: BenchmarkHeader,
  records: AsyncIterable<ArchitectureRecord>,
  output: Output,
): Promise<void> {
  await output.write(`{${headerText(header)}}\n`);
  await writeRecords(records, output, (record, text) => {
    text.text(`{"index":${record.index},`);
    text.states(record, header.reference);
    text.text('}\n');
  });
}

/** A row of the summary as an object. */
export function rowText(row: SummaryRow): string {
  const members = SUMMARY_COLUMNS.map(({ name }, i) => {
    const value = row[i]!;
    const text =
      typeof value === 'number' && !Number.isFinite(value)
        ? `{"$float":"${String(value).toLowerCase().replace('infinity', 'inf')}"}`
        : JSON.stringify(value);
    return `"${name}":${text}`;
  });
  return `{${members.join(',')}}`;
}

/** One line a row of the summary. */
export async function writeSummaryLines(rows: AsyncIterable<SummaryRow[]>, output: Output): Promise<void> {
  for await (const some of rows) await output.write(some.map((row) => `${rowText(row)}\n`).join(''));
}
