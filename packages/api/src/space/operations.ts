/** The operations of an edge, in the reference's order (`CellStructure` and `str2matrix` number them so). */
export const OPERATIONS = ['none', 'skip_connect', 'nor_conv_1x1', 'nor_conv_3x3', 'avg_pool_3x3'] as const;

/** One of the five operations that an edge of a cell can carry. */
export type Operation = (typeof OPERATIONS)[number];

/** Whether `name` is one of the five operations. */
export function isOperation(name: string): name is Operation {
  return (OPERATIONS as readonly string[]).includes(name);
}
