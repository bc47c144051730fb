import { homedir } from 'node:os';
import { join } from 'node:path';

/** What of the project is kept for one user: side-cars, libtorch. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'nas-bench-201');
  if (process.platform === 'win32') {
    return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'nas-bench-201', 'cache');
  }
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'nas-bench-201');
  return join(homedir(), '.cache', 'nas-bench-201');
}
