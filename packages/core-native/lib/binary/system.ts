import { readFileSync } from 'node:fs';
import libc from 'detect-libc';

/** What decides which binary runs here. */
export interface System {
  platform: string;
  arch: string;
  /** Of Linux. */
  libc?: 'glibc' | 'musl';
  libcVersion?: string;
  node: string;
  /** Of Debian, Ubuntu and others that install with apt-get. */
  debian: boolean;
}

export function thisSystem(): System {
  const family = libc.familySync();
  const version = libc.versionSync();
  return {
    platform: process.platform,
    arch: process.arch,
    ...(family === 'glibc' || family === 'musl' ? { libc: family } : {}),
    ...(version ? { libcVersion: version } : {}),
    node: process.versions.node,
    debian: isDebian(),
  };
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** The end of the name of the package with the binary for a system: `linux-x64-gnu`, `darwin-arm64`. */
export function platformKey({ platform, arch, libc: family }: Pick<System, 'platform' | 'arch' | 'libc'>): string {
  if (platform !== 'linux') return `${platform}-${arch}`;
  return `${platform}-${arch}-${family === 'musl' ? 'musl' : 'gnu'}`;
}

export const platformPackage = (key: string): string => `@nas-bench-201/core-native-${key}`;
