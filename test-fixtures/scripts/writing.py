"""What the fixture writers share: repeatable runs, and torch's two containers without run-dependent storage keys."""
import io
import os
import pathlib
import pickle
import pickletools
import sys

import torch

FIXTURES = pathlib.Path(__file__).resolve().parent.parent


def repeatable():
    """Start again with a fixed hash seed: sets of strings are pickled in hash order."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, "PYTHONHASHSEED": "0"})


def legacy_parts(data):
    """Where the five pickles of a legacy file end."""
    stream, ends = io.BytesIO(data), []
    for _ in range(5):
        for _ in pickletools.genops(stream):
            pass
        ends.append(stream.tell())
    return ends


def settled(data):
    """The same legacy file with storage keys that do not depend on the run.

    torch writes each storage's address as its key, and the storages themselves in the order of these texts. Here the
    keys become 140323025381536, ...600 and so on in the order in which the object names them.
    """
    ends, found = legacy_parts(data), {}

    class Finder(pickle.Unpickler):
        def persistent_load(self, pid):
            _, kind, key, _, numel, _ = pid
            found[key] = numel, torch.empty(0, dtype=kind.dtype).element_size()
            return torch.storage.TypedStorage(numel, dtype=kind.dtype)

    Finder(io.BytesIO(data[ends[2]:ends[3]])).load()
    if not found:
        return data
    payload, at = {}, ends[4]
    for key in pickle.loads(data[ends[3]:ends[4]]):
        numel, size = found[key]
        payload[key] = data[at:at + 8 + numel * size]
        at += 8 + numel * size
    assert at == len(data)
    names = {key: str(140323025381536 + 64 * n) for n, key in enumerate(found)}
    body = data[ends[2]:ends[3]]
    for old, new in names.items():
        body = body.replace(text(old), text(new))
    return data[:ends[2]] + body + pickle.dumps(list(names.values()), 2) + b"".join(payload[k] for k in found)


def text(s):
    return b"X" + len(s).to_bytes(4, "little") + s.encode()


def legacy(obj):
    """The bytes of torch.save up to 1.5."""
    out = io.BytesIO()
    torch.save(obj, out, _use_new_zipfile_serialization=False)
    return settled(out.getvalue())


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print("%9d  %s" % (len(data), path.relative_to(FIXTURES)))


def write_zip(path, obj):
    """torch.save since 1.6; the name of its top folder is the file's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(obj, str(path))
    print("%9d  %s" % (path.stat().st_size, path.relative_to(FIXTURES)))
