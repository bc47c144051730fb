import { Writable } from 'node:stream';
import { type ArchitectureRecord, DictStream, writableRecord, writeTorch } from 'nas-bench-201';
import type { BenchmarkHeader } from '../benchmark/source.js';
import type { Output } from '../output/output.js';
import type { FormatOptions } from '../registry.js';

/** Writes a file of the original structure, record by record. */
export async function writePth(
  { metaArchs, evaluated, reference }: BenchmarkHeader,
  records: AsyncIterable<ArchitectureRecord>,
  output: Output,
  { container = 'legacy' }: FormatOptions,
): Promise<void> {
  async function* infos() {
    for await (const record of records) yield [record.index, writableRecord(record, reference)] as const;
  }
  const whole = new DictStream([
    ['meta_archs', [...metaArchs]],
    ['total_archs', metaArchs.length],
    ['arch2infos', new DictStream(infos())],
    ['evaluated_indexes', [...evaluated]],
  ]);
  const stream = new Writable({
    write: (bytes: Uint8Array, _, done) => void output.write(bytes).then(() => done(), done),
  });
  // NumPy rounds the means of 32-bit floats, so they have to be NumPy's in the file.
  await writeTorch(stream, whole, { container, float32: 'numpy' });
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.end(resolve);
  });
}
