import { reader } from './native.js';

/** A curve as the members of a JSON object: `"<prefix><epoch>":number` of each epoch that is there. */
export interface JsonCurve {
  prefix: string;
  values: Float64Array;
  /** For each epoch 0 (missing), 1 (there) or 2 (there, as a 32-bit float); absent where all are 1. */
  presence?: Uint8Array | undefined;
}

/**
 * Text with curves in it, made on another thread: `literals[0]`, `curves[0]`, `literals[1]` … `literals[n]`. Numbers are
 * the shortest decimals that read back as the same 64 bits; `{"$float":"nan"}`, `"inf"`, `"-inf"` are what JSON has no
 * word for, `{"$float32":…}` is a 32-bit float.
 * @returns UTF-8
 */
export function jsonText(literals: readonly string[], curves: readonly JsonCurve[]): Promise<Uint8Array> {
  const literalEnds = new Uint32Array(literals.length);
  let bytes = 0;
  literals.forEach((literal, i) => {
    bytes += Buffer.byteLength(literal);
    literalEnds[i] = bytes;
  });
  const first = new Uint32Array(curves.length + 1);
  curves.forEach(({ values }, i) => {
    first[i + 1] = first[i]! + values.length;
  });
  const values = new Float64Array(first[curves.length]!);
  const presence = curves.some((curve) => curve.presence) ? new Uint8Array(values.length).fill(1) : undefined;
  curves.forEach((curve, i) => {
    values.set(curve.values, first[i]);
    if (curve.presence) presence!.set(curve.presence, first[i]);
  });
  const prefixes = curves.map(({ prefix }) => prefix);
  return reader.jsonText(literals.join(''), literalEnds, prefixes, values, first, presence);
}
