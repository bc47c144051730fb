import { checkedFile, native, nativeAsync } from './errors.js';
import { type ArchiveMember, type NativeTorchFile, type ReadLimits, reader } from './native.js';
import type { PythonValue } from './values.js';

/** A `.pth`, `.pt`, pickle or `.pbz2` file, decoded. */
export interface TorchFile {
  container: 'torch-legacy' | 'torch-zip' | 'pickle';
  /** Whether it was packed by bzip2. */
  bzip2: boolean;
  /** What it holds: one value, or several where pickles follow one another in a bare file. */
  values: PythonValue[];
}

/**
 * Reads a whole torch file or pickle, whoever wrote it, as plain values (see `PythonValue`). Nothing in it is run:
 * what is not known is named, not imported. Tensors are described, and read from the file when they are asked for.
 * @throws ReadError
 */
export async function openTorch(source: string | ArchiveMember | Uint8Array, limits?: ReadLimits): Promise<TorchFile> {
  if (!(source instanceof Uint8Array)) checkedFile(source);
  const file: NativeTorchFile = await nativeAsync(async () => reader.TorchFile.open(source, limits));
  return native(() => {
    const { container, bzip2 } = file.describe();
    return { container, bzip2, values: file.values() };
  });
}

/** As `openTorch`, for the first value alone, which in all but files of several pickles is the only one. */
export async function readTorch(
  source: string | ArchiveMember | Uint8Array,
  limits?: ReadLimits,
): Promise<PythonValue> {
  return (await openTorch(source, limits)).values[0]!;
}
