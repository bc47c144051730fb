import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { torchPath } from '../../src/index.js';
import type { NetworkConfig } from '../../src/results/results-count.js';

export const NETWORKS = fileURLToPath(new URL('../../../../test-fixtures/networks/', import.meta.url));

export interface ForwardCase {
  config: NetworkConfig;
  seed: number;
  batch: number;
  size: number;
  /** SHA-256 of the names and values of the fresh state dict. */
  state: string;
  features: string;
  logits: string;
}

export interface Answers {
  torch: string;
  forward: ForwardCase[];
  training: { config: NetworkConfig; seed: number; batch: number; size: number; losses: number[] }[];
  costs: { config: NetworkConfig; size: number; flops: number; params: number; message?: string }[];
}

/** What the reference's networks answered; see test-fixtures/scripts/make_network_fixtures.py. */
export const answers = JSON.parse(readFileSync(`${NETWORKS}answers.json`, 'utf8')) as Answers;

/** Logits of the same networks computed in other ways: as they are, with the channels last, with autocast. */
export const otherWays = JSON.parse(readFileSync(`${NETWORKS}options.json`, 'utf8')) as {
  config: NetworkConfig;
  seed: number;
  batch: number;
  size: number;
  plain: string;
  channelsLast: string;
  autocast: string;
}[];

/** The images that the reference was given. */
export function imagesOf(batch: number, size: number): { data: Float32Array; shape: number[] } {
  const data = Float32Array.from({ length: batch * 3 * size * size }, (_, i) => ((i * 7919) % 257) / 128 - 1);
  return { data, shape: [batch, 3, size, size] };
}

/** Numbers as the fixtures pack them. */
export function unpacked(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer);
}

/** The largest difference, in parts of the largest number. */
export function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(...b.map(Math.abs), 1e-6);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / scale;
}

/** Tests that need libtorch: skipped aloud where the addon was built without one. */
export function describeWithTorch(name: string, tests: () => void): void {
  if (torchPath().built) {
    describe(name, tests);
  } else {
    console.warn(`SKIPPED, because there was no libtorch when the addon was built: ${name}`);
    describe.skip(`${name} (needs libtorch)`, tests);
  }
}
