import type { ArchitectureRecord } from 'nas-bench-201';
import type { BenchmarkHeader } from '../benchmark/source.js';
import type { SummaryRow } from '../benchmark/summary.js';
import { headerText } from '../jsonl/text.js';
import { rowText, writeRecords } from '../jsonl/write.js';
import type { Output } from '../output/output.js';

/** The dict that the original file holds, `arch2infos` with all results in it. */
export async function writeJsonDocument(
  header: BenchmarkHeader,
  records: AsyncIterable<ArchitectureRecord>,
  output: Output,
): Promise<void> {
  await output.write(`{${headerText(header)},"arch2infos":{`);
  let first = true;
  await writeRecords(records, output, (record, text) => {
    text.text(`${first ? '' : ','}\n"${record.index}":{`);
    text.states(record, header.reference);
    text.text('}');
    first = false;
  });
  await output.write('\n}}\n');
}

/** The rows of the summary as one list. */
export async function writeSummaryDocument(rows: AsyncIterable<SummaryRow[]>, output: Output): Promise<void> {
  let separator = '[';
  for await (const some of rows) {
    for (const row of some) {
      await output.write(`${separator}\n${rowText(row)}`);
      separator = ',';
    }
  }
  await output.write(separator === '[' ? '[]\n' : '\n]\n');
}
