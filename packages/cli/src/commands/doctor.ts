import { Command } from 'commander';
import { describeFailure } from '../failure.js';
import type { Terminal } from '../terminal.js';
import { facts } from '../text.js';

export function doctor(terminal: Terminal): Command {
  return new Command('doctor').action(async () => {
    const { libtorchAdvice, READER_PATH, torchInfo, torchPath } = await import('nas-bench-201');
    const { path, built } = torchPath();
    const places = await lookedFor();
    const loaded = built ? await torchInfo().catch((error: unknown) => describeFailure(error)) : undefined;
    const broken = loaded !== undefined && 'message' in loaded ? loaded : undefined;
    if (broken) terminal.exitCode = 1;
    const system = `${process.platform}-${process.arch}, Node ${process.versions.node}`;
    if (terminal.json)
      return terminal.printJson({ system, reader: READER_PATH, torch: { path, built, loaded }, places });
    const { dim, bold } = terminal.colors;
    const lines: [string, string][] = [
      ['system', system],
      ['reader.node', `${READER_PATH}: reads files, needs no libtorch`],
      ['torch.node', built ? path : 'not built: networks cannot be run, everything else works'],
    ];
    if (broken) lines.push(['', broken.message]);
    if (loaded && !('message' in loaded)) {
      const version = /TORCH_VERSION=([^,\s]+)/.exec(loaded.config)?.[1];
      const cpu = /CPU capability usage: (.*)/.exec(loaded.config)?.[1];
      lines.push(
        ['built with', `libtorch ${loaded.compiledFor} of ${loaded.from} (${loaded.root}), C++${loaded.cxxStandard}`],
        ['loaded', `libtorch ${version ?? '?'}, C++11 ABI ${loaded.cxx11Abi ? 'new' : 'old'}, CPU ${cpu ?? '?'}`],
        ['threads', String(loaded.threads)],
        ['CUDA', loaded.cudaDevices > 0 ? `${loaded.cudaDevices} devices` : `none: ${loaded.cudaReason}`],
      );
    }
    return terminal.print(
      ...facts(lines, dim),
      '',
      bold('libtorch is looked for in this order:'),
      ...facts(places, dim),
      ...(built && !broken ? [] : ['', `→ ${libtorchAdvice()}`]),
    );
  });
}

/** The places where libtorch is looked for, and what is there. */
async function lookedFor(): Promise<[string, string][]> {
  const { libtorchPlaces, libtorchVersion } = await import('@nas-bench-201/core-native/libtorch');
  const state = (root: string) => {
    const version = libtorchVersion(root);
    return version ? `${root} (${version})` : `${root} (no libtorch with headers there)`;
  };
  const system = ['/usr', '/usr/local'].find((root) => libtorchVersion(root));
  return [
    ...libtorchPlaces().map(({ from, root }): [string, string] => [from, root ? state(root) : 'none']),
    ['CMake package', system ? state(system) : 'no headers in /usr or /usr/local'],
  ];
}
