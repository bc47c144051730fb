import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openTorch, type PythonValue, ReadError } from '@nas-bench-201/core-native';
import type { DataFile } from './data-set.js';
import { DataSetError } from './errors.js';

/** Where a data set's published files lie, and their MD5 sums. */
export interface Layout {
  folder: string;
  archive: string;
  files: Readonly<Record<string, string>>;
}

export const CIFAR10: Layout = {
  folder: 'cifar-10-batches-py',
  archive: 'cifar-10-python.tar.gz',
  files: {
    data_batch_1: 'c99cafc152244af753f735de768cd75f',
    data_batch_2: 'd4bba439e000b95fd0a9bffe97cbabec',
    data_batch_3: '54ebc095f3ab1f0389bbae665268c751',
    data_batch_4: '634d18415352ddfa80567beed471001a',
    data_batch_5: '482c414d41f54cd18b22e5b47cb7c3cb',
    test_batch: '40351d587109b95175f43aff81a1287e',
    'batches.meta': '5ff9c542aee3614f3951f8cda6e48888',
  },
};

export const CIFAR100: Layout = {
  folder: 'cifar-100-python',
  archive: 'cifar-100-python.tar.gz',
  files: {
    train: '16019d7e3df5f24257cddd939b257f8d',
    test: 'f0ef6b0ae62326f3e7ffdfab6717acfc',
    meta: '7973b15100ade9c7d40fb424638fde48',
  },
};

export const IMAGENET16: Layout = {
  folder: 'ImageNet16',
  archive: 'ImageNet16.tar',
  files: {
    train_data_batch_1: '27846dcaa50de8e21a7d1a35f30f0e91',
    train_data_batch_2: 'c7254a054e0e795c69120a5727050e3f',
    train_data_batch_3: '4333d3df2e5ffb114b05d2ffc19b1e87',
    train_data_batch_4: '1620cdf193304f4a92677b695d70d10f',
    train_data_batch_5: '348b3c2fdbb3940c4e9e834affd3b18d',
    train_data_batch_6: '6e765307c242a1b3d7d5ef9139b48945',
    train_data_batch_7: '564926d8cbf8fc4818ba23d2faac7564',
    train_data_batch_8: 'f4755871f718ccb653440b9dd0ebac66',
    train_data_batch_9: 'bb6dd660c38c58552125b1a92f86b5d4',
    train_data_batch_10: '8f03f34ac4b42271a294f91bf480f29b',
    val_data: '3410e3017fdaefba8d5073aaa65e4bd6',
  },
};

export interface FilesOptions {
  /** Takes files whose MD5 is not the published one. */
  anySums?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** The dict that a file of a data set holds. */
export type DataDict = ReadonlyMap<PythonValue, PythonValue>;

const isFile = (path: string) => existsSync(path) && statSync(path).isFile();

/**
 * Reads the published files of a data set, checks their sums, and hands the dict of each to `decode`. No more than one
 * file's content is held at a time.
 * @param root their folder, the one it is in, `$TORCH_HOME`, or the archive as it was downloaded
 * @throws DataSetError NO_FILE, ALTERED, BAD_FILE
 */
export async function readPublished(
  root: string,
  layout: Layout,
  decode: (name: string, dict: DataDict, path: string) => void,
  options: FilesOptions = {},
): Promise<DataFile[]> {
  const found = new Map<string, DataFile>();
  const names = Object.keys(layout.files);
  const take = async (name: string, path: string, bytes: Uint8Array) => {
    options.signal?.throwIfAborted();
    const file = { path, md5: createHash('md5').update(bytes).digest('hex'), expected: layout.files[name]! };
    if (file.md5 !== file.expected && !options.anySums) throw altered(file, bytes.length);
    decode(name, await dictOf(bytes, file), path);
    found.set(name, file);
  };
  const folders = [root, join(root, layout.folder), join(root, 'cifar.python', layout.folder)];
  const archives = [layout.archive, `${layout.archive.replace(/\.gz$/, '')}.gz`];
  const packed = [root, ...archives.flatMap((name) => [join(root, name), join(root, 'cifar.python', name)])];
  const folder = folders.find((path) => names.some((name) => isFile(join(path, name))));
  const archive = packed.find(isFile);
  if (folder) {
    for (const name of names) {
      const path = join(folder, name);
      if (!isFile(path)) throw missing(path, layout.files[name]!);
      await take(name, path, await readFile(path));
    }
  } else if (archive) {
    await readArchive(archive, layout, take);
    for (const name of names) {
      if (!found.has(name)) throw missing(`${archive}: ${layout.folder}/${name}`, layout.files[name]!);
    }
  } else {
    throw new DataSetError(
      'NO_FILE',
      root,
      `expected ${layout.folder}/ with ${names.join(', ')} here, or the archive ${layout.archive}`,
    );
  }
  return names.map((name) => found.get(name)!);
}

async function readArchive(
  archive: string,
  layout: Layout,
  take: (name: string, path: string, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { list } = await import('tar');
  let failure: unknown;
  const taken: Promise<void>[] = [];
  try {
    await list({
      file: archive,
      strict: true,
      filter: (path) => basename(path) in layout.files && !failure,
      // The archive goes on once a file's bytes were read; each is decoded before the next arrives.
      onReadEntry: (entry) => {
        const name = basename(entry.path);
        const work = entry.concat().then((bytes) => take(name, `${archive}: ${entry.path}`, bytes));
        taken.push(
          work.catch((error) => {
            failure ??= error;
          }),
        );
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // An entry that ends early is never done with.
    throw (
      failure ?? new DataSetError('BAD_FILE', archive, `this archive cannot be read: ${reason}`, {}, { cause: error })
    );
  }
  await Promise.all(taken);
  if (failure) throw failure;
}

function missing(path: string, expected: string): DataSetError {
  return new DataSetError('NO_FILE', path, `this file is missing (its published MD5 is ${expected})`, { expected });
}

function altered({ path, md5, expected }: DataFile, size: number): DataSetError {
  return new DataSetError(
    'ALTERED',
    path,
    `this is not the published file: its MD5 is ${md5} (${size} bytes), expected ${expected}; files that are meant to differ can be allowed (anySums, --any-sums)`,
    { expected, found: md5 },
  );
}

async function dictOf(bytes: Uint8Array, { path, md5, expected }: DataFile): Promise<DataDict> {
  let value: PythonValue | undefined;
  try {
    value = (await openTorch(bytes)).values[0];
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    const message = `this file cannot be read (${error.message}); its published MD5 is ${expected}`;
    throw new DataSetError('BAD_FILE', path, message, { expected, found: md5 }, { cause: error });
  }
  if (!(value instanceof Map)) {
    throw new DataSetError('BAD_FILE', path, 'expected the pickle of a dict', { expected, found: md5 });
  }
  return value;
}
