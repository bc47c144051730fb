import { stripVTControlCharacters } from 'node:util';

export const integer = (n: number): string => n.toLocaleString('en');

/** A number with so many digits after the point; a dash where there is none. */
export function decimal(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined) return '–';
  if (!Number.isFinite(value)) return String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[power]}`;
}

/** A time in the unit that suits it. */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${decimal(seconds / 3600, 1)} h`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text out of a file, so that it cannot steer the terminal. */
export function printable(text: string): string {
  return text.replace(CONTROL, (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** At most so many characters, the last of which says that there are more. */
export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}

export interface Column {
  title: string;
  right?: boolean;
}

/** Rows under titles, aligned; cells may be coloured. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  dim: (s: string) => string,
): string[] {
  const visible = (cell: string) => stripVTControlCharacters(cell).length;
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => visible(row[i] ?? ''))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const space = ' '.repeat(widths[i]! - visible(cell));
        if (columns[i]!.right) return space + cell;
        return i === cells.length - 1 ? cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [dim(line(columns.map(({ title }) => title))), ...rows.map(line)];
}

/** Names and what they stand for, one a line. */
export function facts(
  entries: readonly (readonly [name: string, value: string])[],
  dim: (s: string) => string,
): string[] {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${dim(name.padEnd(width))}  ${value}`);
}
