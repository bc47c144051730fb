import type { SchemaElement } from 'hyparquet';
import type { ColumnType, TableColumn } from '../table/columns.js';

const TYPES: Record<Exclude<ColumnType, 'list'>, Pick<SchemaElement, 'type' | 'converted_type'>> = {
  integer: { type: 'INT32' },
  long: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
};

/** The elements of a column: a list is three, so that a list, and a number in it, may be missing. */
function elements({ name, type, optional }: TableColumn): SchemaElement[] {
  const repetition_type = optional ? 'OPTIONAL' : 'REQUIRED';
  if (type !== 'list') return [{ name, repetition_type, ...TYPES[type] }];
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', type: 'DOUBLE' },
  ];
}

/** The schema of a table. */
export function schemaOf(columns: readonly TableColumn[]): SchemaElement[] {
  return [{ name: 'root', num_children: columns.length }, ...columns.flatMap(elements)];
}

/** Of the file's own key-value metadata: what is not in its rows. */
export const METADATA_KEY = 'nas-bench-201';

/** What stands under `METADATA_KEY`, as JSON. */
export interface FileMetadata {
  version: 1;
  meta_archs: readonly string[];
  evaluated_indexes: readonly number[];
  reference: 'nas-bench-201' | 'nats-bench';
  /** Records without trials, which no row tells of. */
  without_trials?: { index: number; hp: string | null; arch_index: number; arch_str: string; cleared: boolean }[];
}
