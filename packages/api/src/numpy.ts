/**
 * NumPy's sum of 64-bit floats, bit for bit: its pairwise algorithm adds up to 128 numbers in eight strands and halves
 * what is longer (numpy/core/src/umath/loops_utils.h).
 */
export function sum(values: ArrayLike<number>, from = 0, count = values.length): number {
  if (count < 8) {
    let total = count > 0 ? values[from]! : 0;
    for (let i = 1; i < count; i++) total += values[from + i]!;
    return total;
  }
  if (count <= 128) {
    const strands = new Float64Array(8);
    for (let k = 0; k < 8; k++) strands[k] = values[from + k]!;
    let i = 8;
    for (; i < count - (count % 8); i += 8) for (let k = 0; k < 8; k++) strands[k]! += values[from + i + k]!;
    const s = strands;
    let total = s[0]! + s[1]! + (s[2]! + s[3]!) + (s[4]! + s[5]! + (s[6]! + s[7]!));
    for (; i < count; i++) total += values[from + i]!;
    return total;
  }
  const half = Math.floor(count / 2);
  const first = half - (half % 8);
  return sum(values, from, first) + sum(values, from + first, count - first);
}

/** NumPy's mean of 64-bit floats. */
export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length;
}

/** NumPy's mean of fewer than eight 32-bit floats, which is one itself. */
export function meanOfSingles(values: readonly number[]): number {
  let total = Math.fround(values[0]!);
  for (let i = 1; i < values.length; i++) total = Math.fround(total + values[i]!);
  return Math.fround(total / values.length);
}
