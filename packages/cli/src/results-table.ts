import type { MoreInfo } from 'nas-bench-201';
import type { Colors } from './terminal.js';
import { decimal, table } from './text.js';

/** Sets by the names that summaries have. */
export const SUMMARY_SETS = ['train', 'valid', 'test', 'valtest'] as const;

/** What was measured on a data set, with what it is set beside. */
export interface SummaryPart {
  dataset: string;
  seeds: readonly number[];
  info: Partial<MoreInfo>;
  /** What the benchmark has recorded of the same; its loss and accuracy are shown. */
  recorded?: Partial<MoreInfo> | null | undefined;
}

/** Losses, accuracies and times by data set and set. */
export function resultsTable(parts: readonly SummaryPart[], { dim, green }: Colors): string[] {
  const beside = parts.some(({ recorded }) => recorded);
  const rows = parts.flatMap(({ dataset, seeds, info, recorded }) => {
    const measured: Record<string, number | null | undefined> = info;
    const known: Record<string, number | null | undefined> = recorded ?? {};
    const there = SUMMARY_SETS.filter((set) => `${set}-accuracy` in measured);
    return there.map((set, i) => [
      i === 0 ? dataset : '',
      i === 0 ? seeds.join(' ') : '',
      set,
      decimal(measured[`${set}-loss`], 4),
      (set === 'train' ? String : green)(decimal(measured[`${set}-accuracy`], 2)),
      decimal(measured[`${set}-per-time`], 2),
      decimal(measured[`${set}-all-time`], 0),
      ...(beside ? [decimal(known[`${set}-loss`], 4), decimal(known[`${set}-accuracy`], 2)] : []),
    ]);
  });
  const right = (title: string) => ({ title, right: true });
  const columns = [
    { title: 'data set' },
    { title: 'seeds' },
    { title: 'set' },
    right('loss'),
    right('accuracy %'),
    right('s/epoch'),
    right('s in all'),
  ];
  return table(beside ? [...columns, right('recorded loss'), right('accuracy %')] : columns, rows, dim);
}
