import { CommandError } from './failure.js';
import { architecture } from './options.js';

/** The index (-1: none) and text of an architecture that was named by either. */
export async function architectureOf(asked: string): Promise<{ index: number; text: string }> {
  const { formatArchitecture, parseArchitecture, publishedArchitectures } = await import('nas-bench-201');
  const published = publishedArchitectures();
  const name = architecture(asked);
  const text = typeof name === 'number' ? published[name] : formatArchitecture(parseArchitecture(name));
  if (text === undefined) {
    throw new CommandError('NOTHING_FOUND', `expected an index from 0 to ${published.length - 1}, found ${asked}`);
  }
  return { index: published.indexOf(text), text };
}
