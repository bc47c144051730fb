/** Writes a file whole or not at all, in the place of what was there. */
export async function writeWhole(path: string, content: Iterable<string | Uint8Array>): Promise<void> {
  const { AtomicFile } = await import('nas-bench-201');
  const file = await AtomicFile.create(path, { overwrite: true });
  try {
    for (const piece of content) await file.write(typeof piece === 'string' ? Buffer.from(piece) : piece);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
