// What is built for and published: one row a platform, from which the packages' definitions, the cross builds and the
// matrix of the release are made. `key` is the end of the package's name.
export const PLATFORMS = [
  { key: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'glibc', zig: 'x86_64-linux-gnu.2.28' },
  { key: 'linux-arm64-gnu', os: 'linux', cpu: 'arm64', libc: 'glibc', zig: 'aarch64-linux-gnu.2.28' },
  { key: 'linux-x64-musl', os: 'linux', cpu: 'x64', libc: 'musl', zig: 'x86_64-linux-musl' },
  { key: 'darwin-arm64', os: 'darwin', cpu: 'arm64', zig: 'aarch64-macos.11.0' },
  { key: 'darwin-x64', os: 'darwin', cpu: 'x64', zig: 'x86_64-macos.11.0' },
  { key: 'win32-x64', os: 'win32', cpu: 'x64', zig: 'x86_64-windows-gnu' },
];

/** The newest glibc that a binary for Linux may ask for: that of RHEL 8 and Debian 10. */
export const MAX_GLIBC = [2, 28];

/** What `reader.node` may weigh, in bytes. */
export const MAX_READER_BYTES = 2_000_000;

export const platformPackage = (key) => `@nas-bench-201/core-native-${key}`;

const LINUX_X64 = PLATFORMS[0];

/**
 * The libtorchs that torch.node is built for, a package each; one line has one binary interface. Loading knows them by
 * packages/core-native/lib/libtorch.ts.
 */
export const TORCH_LINES = [
  { version: '1.13', of: 'Debian 12', platform: LINUX_X64 },
  { version: '2.15', of: 'PyPI', platform: LINUX_X64 },
];

export const torchPackage = ({ version, platform }) => platformPackage(`libtorch-${version}-${platform.key}`);
