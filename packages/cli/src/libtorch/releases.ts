/** A zip of libtorch as PyTorch publishes it. */
export interface Release {
  version: string;
  /** `cpu`, or the CUDA that it is for: `cu121`. */
  variant: string;
  /** `linux-x64`, as Node names platform and processor. */
  platform: string;
  url: string;
  sha256: string;
}

const BASE = 'https://download.pytorch.org/libtorch';

function linux(version: string, variant: string, sha256: string): Release {
  const name = `libtorch-cxx11-abi-shared-with-deps-${version}%2B${variant}.zip`;
  return { version, variant, platform: 'linux-x64', url: `${BASE}/${variant}/${name}`, sha256 };
}

/**
 * What can be installed by its version, the newest first. PyTorch publishes no sums of these files; these are the ones
 * that projects which build on them have pinned (WasmEdge, Arch's libtorch-cuda, carton, wesep). A file that nobody has
 * published a sum of is not listed: `--from` with `--sha256` takes it.
 */
export const RELEASES: readonly Release[] = [
  linux('2.5.1', 'cpu', '618ca54eef82a1dca46ff1993d5807d9c0deb0bae147da4974166a147cb562fa'),
  linux('2.4.1', 'cpu', '415c3ed51c766a6ef20dc10b2e60fae7f10a3ae8aa62223d6f4bccc1fc98740b'),
  linux('2.4.0', 'cpu', '9d16cc0da41e057f20c0be5f26d7418f969e857631cfcb86550ccdecfee8de60'),
  linux('2.1.0', 'cu121', 'fc1afc2fb28e2ab7b526df04c574c173fc6f068b5fbca831734607ef39fd6893'),
  linux('2.0.1', 'cpu', '137a842d1cf1e9196b419390133a1623ef92f8f84dc7a072f95ada684f394afd'),
  linux('2.0.1', 'cu118', '843ad19e769a189758fd6a21bfced9024494b52344f4bc4fb75f75d36e6ea0c7'),
  linux('1.13.0', 'cpu', 'd52f63577a07adb0bfd6d77c90f7da21896e94f71eb7dcd55ed7835ccb3b2b59'),
  {
    version: '2.0.1',
    variant: 'cpu',
    platform: 'darwin-x64',
    url: `${BASE}/cpu/libtorch-macos-2.0.1.zip`,
    sha256: '002876b74d8432ee8ab9d0e710159353149d92ada73ef81844e81bccbfa52e95',
  },
];

/** The last part of an address or a path, as the file is named. */
export const fileNameOf = (source: string): string => decodeURIComponent(source.split(/[/\\]/).at(-1) ?? '');

/** The release that a file is by its name. */
export const releaseNamed = (name: string): Release | undefined => RELEASES.find(({ url }) => fileNameOf(url) === name);
