import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describeFailure } from '../failure.js';
import type { Terminal } from '../terminal.js';
import { facts } from '../text.js';

const VERSION_HEADER = 'include/torch/csrc/api/include/torch/version.h';
const FIND_PYTHONS =
  "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";

export function doctor(terminal: Terminal): Command {
  return new Command('doctor')
    .description('what this installation has and lacks, to paste into a bug report')
    .action(async () => {
      const { libtorchAdvice, torchInfo, torchPath } = await import('nas-bench-201');
      const { path, built } = torchPath();
      const places = lookedFor();
      const loaded = built ? await torchInfo().catch((error: unknown) => describeFailure(error)) : undefined;
      const broken = loaded !== undefined && 'message' in loaded ? loaded : undefined;
      if (broken) terminal.exitCode = 1;
      const system = `${process.platform}-${process.arch}, Node ${process.versions.node}`;
      if (terminal.json)
        return terminal.printJson({ system, reader: 'loaded', torch: { path, built, loaded }, places });
      const { dim, bold } = terminal.colors;
      const lines: [string, string][] = [
        ['system', system],
        ['reader.node', 'loaded: reads files, needs no libtorch'],
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
        bold('libtorch is looked for, when the addon is built, in this order:'),
        ...facts(places, dim),
        ...(built && !broken ? [] : ['', `→ ${libtorchAdvice()}`]),
      );
    });
}

/** The places where the build looks for libtorch (packages/core-native/cmake/FindLibtorch.cmake), and what is there. */
function lookedFor(): [string, string][] {
  const state = (folder: string) =>
    existsSync(join(folder, VERSION_HEADER)) ? folder : `${folder} (no libtorch with headers there)`;
  const variable = (name: string): [string, string] => {
    const value = process.env[name];
    return [name, value ? state(value) : 'not set'];
  };
  const asked = spawnSync('python3', ['-c', FIND_PYTHONS], { encoding: 'utf8', timeout: 10_000 });
  const found = asked.status === 0 ? asked.stdout.trim() : '';
  const system = ['/usr', '/usr/local'].find((folder) => existsSync(join(folder, VERSION_HEADER)));
  return [
    variable('NB201_LIBTORCH'),
    variable('LIBTORCH'),
    ['python3', asked.error ? 'no python3' : found ? state(found) : 'it has no torch'],
    ['CMake package', system ? join(system, 'include/torch') : 'no headers in /usr or /usr/local'],
  ];
}
