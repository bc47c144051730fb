import { QueryError } from '../errors.js';
import type { RecordStore } from '../records/record.js';

const FORMATS = ['.pb', '.parquet'] as const;

/** The extension by which a file is known to be a converted benchmark, or undefined. */
export function storeFormat(path: string): string | undefined {
  return FORMATS.find((extension) => path.toLowerCase().endsWith(extension));
}

// The formats are the converters' business, which depend on this package. So that `NASBench201API.open` still takes
// them, the converters are an optional peer that is looked for only when such a file is opened; its name is kept from
// the compiler, to which the two packages would otherwise depend on each other.
const CONVERTERS: string = '@nas-bench-201/converters';

/** The records of a converted benchmark. @throws ReadError; QueryError where the converters are not installed */
export async function openStore(path: string): Promise<RecordStore> {
  let converters: { openRecordStore(path: string): Promise<RecordStore> };
  try {
    converters = await import(CONVERTERS);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new QueryError('NO_FILE', `${path}: opening this format needs the package ${CONVERTERS}`, { cause: error });
  }
  return converters.openRecordStore(path);
}
