import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MAX_GLIBC, MAX_READER_BYTES } from './platforms.mjs';
import { fromPyPI } from './pypi.mjs';

const DESCRIBE = fileURLToPath(new URL('describe-binary.py', import.meta.url));

const SYSTEMS = {
  linux: { format: 'ELF', libraries: /^(libc|libm|libpthread|libdl|ld-linux-.*|ld-musl-.*)\.so/, prefix: '' },
  darwin: { format: 'MACHO', libraries: /^\/usr\/lib\/libSystem\.B\.dylib$/, prefix: '_' },
  win32: {
    format: 'PE',
    libraries: /^(node\.exe|(KERNEL32|ADVAPI32|ntdll|ucrtbase|api-ms-win-crt-.*)\.dll)$/i,
    prefix: '',
  },
};

/** What Node calls to load an addon. */
const ENTRY = 'napi_register_module_v1';

function describe(path) {
  const { folder, python } = fromPyPI('lief', '1.0.0');
  const env = { ...process.env, PYTHONPATH: folder };
  const { status, stdout, stderr } = spawnSync(python, [DESCRIBE, path], { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${path}: ${stderr}`);
  return { ...JSON.parse(stdout), malformed: stderr.match(/.*(out of range|corrupt).*/g) ?? [] };
}

/** The version of glibc that it needs, [2, 17]. */
function glibcOf(versions) {
  const numbers = versions.flatMap((name) =>
    /^GLIBC_([\d.]+)$/.exec(name) ? [name.slice(6).split('.').map(Number)] : [],
  );
  return numbers.sort((a, b) => b[0] - a[0] || b[1] - a[1])[0];
}

/** What a reader is, and everything that is wrong with it. */
export function examine(platform, path) {
  const { format, libraries, prefix } = SYSTEMS[platform.os];
  const { size } = statSync(path);
  const found = describe(path);
  const wrong = [...found.malformed];
  if (size > MAX_READER_BYTES) wrong.push(`${size} bytes, more than ${MAX_READER_BYTES}`);
  if (found.format !== format) wrong.push(`${found.format}, where ${platform.os} takes ${format}`);
  if (!found.exports.includes(`${prefix}${ENTRY}`)) wrong.push(`does not export ${ENTRY}`);
  if (!found.stripped) wrong.push('not stripped');
  if (found.signed === false && platform.cpu === 'arm64') wrong.push('not signed, which macOS on arm64 wants');
  const strange = found.libraries.filter((name) => !libraries.test(name));
  if (strange.length) wrong.push(`needs ${strange.join(', ')}`);
  const unknown = found.fromNode.filter((name) => !/^_?(napi|node_api)_/.test(name));
  if (unknown.length) wrong.push(`expects of Node ${unknown.join(', ')}`);
  if (found.fromNode.length === 0) wrong.push('takes nothing of Node');
  const glibc = glibcOf(found.versions ?? []);
  if (glibc && platform.libc !== 'glibc') wrong.push('needs glibc');
  if (glibc && (glibc[0] > MAX_GLIBC[0] || glibc[1] > MAX_GLIBC[1])) wrong.push(`needs GLIBC_${glibc.join('.')}`);
  const needs = [...(glibc ? [`GLIBC_${glibc.join('.')}`] : []), ...found.libraries].join(' ');
  return { platform: platform.key, bytes: size, what: `${found.fromNode.length} functions of Node, ${needs}`, wrong };
}
