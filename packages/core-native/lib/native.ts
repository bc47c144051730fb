import { createRequire } from 'node:module';
import { factories, type PythonValue } from './values.js';

/** Limits of what is read, in bytes and levels. */
export interface ReadLimits {
  /** What a bzip2 file may unpack to. Default: 4 GiB. */
  maxDecompressedBytes?: number;
  /** How long a pickle may be that is decoded as a whole. Default: 1 GiB. */
  maxPickleBytes?: number;
  /** How deep containers may be nested. Default: 1,000. */
  maxDepth?: number;
}

export interface NativeTorchFile {
  values(): PythonValue[];
  describe(): { container: 'torch-legacy' | 'torch-zip' | 'pickle'; bzip2: boolean; pickles: number };
  storage(key: string): Uint8Array;
}

interface Reader {
  configure(makers: typeof factories): void;
  TorchFile: { open(source: string | Uint8Array, limits?: ReadLimits): Promise<NativeTorchFile> | NativeTorchFile };
}

/** The addon `reader.node`. */
export const reader: Reader = createRequire(import.meta.url)('../build/Release/reader.node');
reader.configure(factories);
