import { spawnSync } from 'node:child_process';

/**
 * Runs something with a folder on a file system of so many bytes, which `resize` changes. Says aloud where none can be
 * mounted.
 * @returns whether it ran
 */
export async function withSmallDisk(
  folder: string,
  bytes: number,
  work: (disk: { resize(bytes: number): void }) => Promise<void>,
): Promise<boolean> {
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'nb201-test', folder]).status;
  if (mount(`size=${Math.round(bytes)}`) !== 0) {
    console.warn(`SKIPPED, because no small file system can be mounted here: ${folder} on a full disk`);
    return false;
  }
  try {
    await work({ resize: (size) => void mount(`remount,size=${Math.round(size)}`) });
  } finally {
    spawnSync('umount', [folder]);
  }
  return true;
}
