/** Python's `'{:.Nf}'.format(x)`: ties go to the even digit, where JavaScript's toFixed goes up. */
export function fixed(x: number, digits: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x < 0 ? '-inf' : 'inf';
  const magnitude = Math.abs(x);
  let text = magnitude.toFixed(digits);
  // A double that is a tie at this digit has no digits after the 5.
  const longer = magnitude.toFixed(Math.min(100, digits + 40));
  const rest = longer.slice(longer.indexOf('.') + 1 + digits);
  if (/^50*$/.test(rest) && Number(text.at(-1)) % 2 === 1) {
    text = longer.slice(0, longer.length - rest.length).replace(/\.$/, '');
  }
  return x < 0 || Object.is(x, -0) ? `-${text}` : text;
}

/** Python's `'{:W.Nf}'.format(x)`. */
export function padded(x: number, width: number, digits: number): string {
  return fixed(x, digits).padStart(width);
}

/** Python's `repr` of a list of strings that need no escapes. */
export function listRepr(items: readonly string[]): string {
  return `[${items.map((item) => `'${item}'`).join(', ')}]`;
}
