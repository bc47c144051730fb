/** Writes a file whole or not at all, in the place of what was there. The API is loaded when something is written. */
export async function writeWhole(path: string, content: Iterable<string | Uint8Array>): Promise<void> {
  const api = await import('nas-bench-201');
  await api.writeWhole(path, content);
}
