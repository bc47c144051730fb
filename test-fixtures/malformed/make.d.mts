export interface MalformedExpectation {
  code?: string;
  /** In bytes of the file; absent where any will do. */
  offset?: number;
  /** A value, or several, as test-fixtures/README.md tags them. */
  value?: Tagged;
  values?: Tagged[];
  opens?: true;
}
export interface Tagged {
  t: string;
  id?: number;
  [field: string]: unknown;
}
export interface MalformedEntry {
  id: string;
  row: number;
  about: string;
  kind: string;
  /** Many megabytes. */
  big?: true;
  /** It opens; its tensors' bytes are what is refused. */
  lazy?: true;
  make: Record<string, unknown>;
  expect: Omit<MalformedExpectation, 'offset'> & { offset?: number | string };
}
export interface MalformedCase extends MalformedEntry {
  expect: MalformedExpectation;
  path: string;
}
export const manifest: MalformedEntry[];
export function bytes(notation: string): Buffer;
export function build(entry: MalformedEntry): { content: Buffer; expect: MalformedExpectation };
export function makeCase(entry: MalformedEntry, folder: string): MalformedCase | undefined;
export function make(folder: string, options?: { small?: boolean }): MalformedCase[];
export function tsv(cases: MalformedCase[], folder: string): string;
