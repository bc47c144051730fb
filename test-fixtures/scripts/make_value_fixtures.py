#!/usr/bin/env python3
"""Write small files of all kinds of values (test-fixtures/values) and what Python reads from them (answers/values).

Needs torch and numpy, no reference package. Running it again gives the same bytes (same versions of torch and numpy).
"""
import array
import collections
import datetime
import io
import itertools
import json
import math
import pickle
import pickletools
import random
import struct
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import torch

from reference import about
from writing import FIXTURES, legacy, repeatable, settled, text, write, write_zip

VALUES, ANSWERS = FIXTURES / "values", FIXTURES / "answers" / "values"


# ---- what is written

class Custom:
    """A class that no reader knows: its pickles name `fixtures Custom`."""
    __module__ = "fixtures"


class Point(collections.namedtuple("Point", "x y")):
    """A class whose instances are made with arguments."""
    __module__ = "fixtures"
    __slots__ = ()


INTS = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, 65535, 65536, -65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1,
        2**32, 2**53, 2**53 + 1, -2**53 - 1, 2**63 - 1, 2**63, -2**63, 2**64, -2**100, 2**2100 + 1]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e300, 5e-324, -2.2250738585072014e-308, float("inf"), float("-inf"), float("nan")]
TEXTS = ["", "plain", "naïve", "日本", "𝔘 astral", "nul\0inside", "\ufeffBOM", "lone \ud800 surrogate", "\udc80", "line\nbreak\r\t\\u0041",
         "quote ' \" \\", "x" * 300, "é" * 300]


def rich():
    """One value with nearly everything in it."""
    shared, attributed = ["shared"], OrderedDict([("b", 1), ("a", 2)])
    attributed._metadata = OrderedDict([("", {"version": 1})])
    itself, held, owner = [1], [], {}
    itself.append(itself)
    owner["me"] = owner
    tuple_of_itself = (held,)
    held.append(tuple_of_itself)
    custom = Custom()
    custom.number, custom.shared = 3, shared
    return {
        "constants": [None, True, False], "ints": INTS, "floats": FLOATS, "texts": TEXTS,
        "bytes": [b"", b"abc", bytes(range(256)), b"z" * 300], "bytearrays": [bytearray(), bytearray(b"\x00\xff")],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((1,), (2, (3,))), (1, 2, 3, 4, 5))],
        "long list": list(range(2500)), "long dict": {i: -i for i in range(1200)},
        "empty": [[], {}, set(), frozenset(), OrderedDict()],
        "sets": [{1, 2, 3}, {"a", "b"}, frozenset({1, (2, 3)}), set(range(1100))],
        "ordered": OrderedDict([("z", 1), ("a", [2]), (3, "three")]), "attributed": attributed,
        "keys": {1: "int", "1": "str", True and 2.5: "float", (1, "x"): "tuple", None: "none", b"1": "bytes", frozenset({1}): "frozenset",
                 "__proto__": 1, "constructor": 2},
        "shared": [shared, shared, {"again": shared}], "itself": itself, "owner": owner, "tuple of itself": tuple_of_itself,
        "complex": [complex(1, -2), complex(-0.0, float("inf"))],
        "objects": [custom, custom, Point(1, 2), datetime.datetime(2020, 2, 25, 12, 30, 1, 5), Custom, len],
        "ranges": [range(3), slice(1, None, 2)],
    }


def arrays():
    """NumPy's scalars, dtypes and arrays."""
    rng = np.random.RandomState(0)
    kinds = ["?", "i1", "u1"] + [o + k for o in "<>" for k in ("i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16")]
    base = np.arange(24, dtype="<f4").reshape(2, 3, 4)
    shared = np.arange(3)
    return {
        "scalars": [np.dtype(k).type(1.5 if np.dtype(k).kind in "fc" else 1) for k in kinds if not k.startswith(">")]
        + [np.float64("nan"), np.float64(-0.0), np.int64(-2**63), np.uint64(2**64 - 1), np.float32(0.1), np.bool_(False)],
        "dtypes": [np.dtype(k) for k in kinds],
        "vectors": [(rng.randn(5) * 50).astype(k) if np.dtype(k).kind != "u" else rng.randint(0, 100, 5).astype(k) for k in kinds],
        "C": base, "Fortran": np.asfortranarray(base), "transposed": base.T, "strided": base[:, ::2, 1:],
        "zero-d": np.array(2.5), "empty": np.zeros((0, 3)), "large": np.arange(3000, dtype="<u2"),
        "shared": [shared, shared], "in a set of keys": {("k", 1): np.float64(3)},
    }


def odd_arrays():
    """Arrays of texts, times and records: not needed by any file of the benchmark."""
    return [np.array([b"ab", b"abcd"]), np.array(["ab", "é𝔘"]), np.array(["2020-02-25"], "M8[D]"), np.array([5], "m8[s]"),
            np.array([(1, 2.5), (3, 4.5)], [("a", "<i2"), ("b", ">f8")]), np.array([1, "x", None], object), np.array([b"", b"\0"], "V1")]


DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128")


def tensors():
    """Tensors of every type and shape that torch.save writes."""
    rng = random.Random(0)

    def some(dtype, *shape):
        n = int(np.prod(shape)) if shape else 1
        numbers = [rng.randrange(2) if dtype == "bool" else rng.randrange(100) if dtype == "uint8"
                   else rng.randrange(-100, 100) if dtype.startswith("int")
                   else complex(rng.uniform(-9, 9), rng.uniform(-9, 9)) if dtype.startswith("complex") else rng.uniform(-9, 9)
                   for _ in range(n)]
        return torch.tensor(numbers, dtype=getattr(torch, dtype)).reshape(shape)

    base = torch.arange(24, dtype=torch.float32)
    conv = OrderedDict([("conv.weight", some("float32", 2, 3, 3, 3)), ("bn.num_batches_tracked", torch.tensor(78125))])
    conv._metadata = OrderedDict([("", {"version": 1}), ("bn", {"version": 2})])
    module = torch.nn.Sequential(OrderedDict(conv=torch.nn.Conv2d(1, 2, 3), norm=torch.nn.BatchNorm2d(2)))
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(some("float32", *p.shape))
    twice = some("float32", 3)
    return {
        "dtypes": {d: some(d, 2, 3) for d in DTYPES}, "zero-d": [torch.tensor(2.5), torch.tensor(-7), torch.tensor(True)],
        "special": torch.tensor([0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1e-45]),
        "empty": [torch.empty(0), torch.empty(2, 0, 3, dtype=torch.int32)],
        "transposed": base.reshape(4, 6).t(), "channels last": some("float32", 1, 3, 2, 2).contiguous(memory_format=torch.channels_last),
        "steps": base[1::5], "expanded": base[3:4].expand(2, 5), "offset": base[10:14], "one element": base.reshape(4, 6)[2:3, 3:4],
        "same object twice": [twice, twice], "requires grad": some("float32", 2).requires_grad_(),
        "parameter": torch.nn.Parameter(some("float32", 2, 2)), "frozen parameter": torch.nn.Parameter(some("float32", 1), requires_grad=False),
        "state": conv, "module state": module.state_dict(), "numbers": [1, 2.5, "text", None],
    }


def view_metadata():
    """What torch wrote before 0.4: two storages that are views of a third one."""
    root = array.array("f", [i / 2 for i in range(12)])
    pids = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return pids.get(id(obj))

    def view(name, offset, numel):
        storage = torch.FloatStorage(numel)
        pids[id(storage)] = ("storage", torch.FloatStorage, "94025", "cpu", len(root), (name, offset, numel))
        return storage

    class Rebuilt:
        def __init__(self, *args):
            self.args = args

        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, self.args

    first, second = view("94026", 2, 6), view("94027", 4, 8)
    obj = {"first": Rebuilt(first, 0, (2, 3), (3, 1), False, OrderedDict()), "second": Rebuilt(second, 1, (7,), (1,), False, OrderedDict()),
           "again": Rebuilt(first, 5, (), (), False, OrderedDict())}
    out = io.BytesIO()
    Pickler(out, 2).dump(obj)
    head = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, {
        "protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}))
    return head + out.getvalue() + pickle.dumps(["94025"], 2) + struct.pack("<q", len(root)) + root.tobytes()


def newer_zip(data):
    """The same zip file as later torches write it: more small entries, here with storage keys that are addresses."""
    old, out = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    keys = sorted((n.split("/")[-1] for n in old.namelist() if "/data/" in n), key=int)
    names = {k: str(140323025381536 + 64 * n) for n, k in enumerate(keys)}
    body = old.read("archive/data.pkl")
    for key, name in names.items():      # the object holds no other texts like these
        body = body.replace(text(key), text(name))
    entries = [("data.pkl", body), (".format_version", b"1"), (".storage_alignment", b"64"), ("byteorder", b"little")]
    entries += [("data/" + names[k], old.read("archive/data/" + k)) for k in keys]
    entries += [("version", b"3\n"), (".data/serialization_id", b"0" * 40)]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name, content in entries:
            new.writestr(zipfile.ZipInfo("address_keys/" + name, (1980, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


class Assembler:
    """Opcodes of protocol 2 as Python 2's cPickle chose them: its str is a byte string."""

    def __init__(self):
        self.out, self.memo = bytearray(b"\x80\x02"), 0

    def op(self, code, *raw):
        self.out += code + b"".join(raw)
        return self

    def put(self):
        self.memo += 1
        return self.op(b"q" + bytes([self.memo - 1])) if self.memo <= 256 else self.op(b"r" + struct.pack("<I", self.memo - 1))

    def str(self, b):
        return (self.op(b"U", bytes([len(b)]), b) if len(b) < 256 else self.op(b"T", struct.pack("<i", len(b)), b)).put()

    def int(self, n):
        return self.op(b"K", bytes([n])) if 0 <= n < 256 else self.op(b"M", struct.pack("<H", n)) if 0 <= n < 65536 else self.op(b"J", struct.pack("<i", n))

    def list(self, items, each):
        self.op(b"]").put().op(b"(")
        for item in items:
            each(item)
        return self.op(b"e")


def python2_batch():
    """A batch of CIFAR-10 as published, with four images of 2x2 pixels."""
    rng = random.Random(2)
    rows, columns = 4, 12
    raw = bytes(rng.randrange(256) for _ in range(rows * columns * 8))       # long enough for BINSTRING
    columns *= 8
    a = Assembler()
    a.op(b"}").put().op(b"(")
    a.str(b"data")
    a.op(b"cnumpy.core.multiarray\n_reconstruct\n").put().op(b"cnumpy\nndarray\n").put()
    a.int(0).op(b"\x85").put().str(b"b").op(b"\x87").put().op(b"R").put()
    a.op(b"(").int(1).int(rows).int(columns).op(b"\x86").put()
    a.op(b"cnumpy\ndtype\n").put().str(b"u1").int(0).int(1).op(b"\x87").put().op(b"R").put()
    a.op(b"(").int(3).str(b"|").op(b"NNN").int(-1).int(-1).int(0).op(b"t").put().op(b"b")
    a.op(b"\x89").str(raw).op(b"t").put().op(b"b")
    a.str(b"labels").list([rng.randrange(10) for _ in range(rows)], a.int)
    a.str(b"filenames").list([b"leptodactylus_pentadactylus_s_%06d.png" % i for i in range(rows)], a.str)
    a.str(b"batch_label").str(b"testing batch 1 of 1")
    a.str(b"high bytes").str(bytes(range(128, 256)))
    return bytes(a.op(b"u.").out)


def python2_text():
    """Protocol 0 as Python 2 wrote it: byte strings with their quoting, longs, unicode, the two ways to write a bool."""
    return (b"(dp0\nS'name'\np1\nS'it\\'s \\x00\\xff\\n'\np2\nsS\"quoted\"\np3\nL5L\nsS'unicode'\np4\nV\\u65e5\\u0041\np5\n"
            b"sS'flags'\np6\n(lp7\nI01\naI00\naI-7\naF0.1\naNas."
            )


# ---- what Python reads from it

class Opaque:
    """A global that the description names instead of importing it."""

    def __init__(self, module, name, args=None):
        self.module, self.name, self.args, self.state = module, name, args, None

    def __setstate__(self, state):
        self.state = state

    def __hash__(self):
        return id(self)


KNOWN = {"collections": ("OrderedDict",), "_codecs": ("encode",),
         "builtins": ("set", "frozenset", "bytearray", "bytes", "complex"), "__builtin__": ("set", "frozenset", "bytearray", "bytes", "complex")}
RENAMED = {"__builtin__": "builtins", "numpy._core.multiarray": "numpy.core.multiarray", "numpy._core.numeric": "numpy.core.numeric"}


class Reader(pickle._Unpickler):
    """Python's own unpickler; globals outside the formats become Opaque."""

    def find_class(self, module, name):
        if name in KNOWN.get(module, ()) or module.split(".")[0] == "numpy":
            return super().find_class(RENAMED.get(module, module), name)
        return type("Opaque" + name, (Opaque,), {
            "__new__": lambda cls, *args: object.__new__(cls), "__init__": lambda self, *args: Opaque.__init__(self, module, name, list(args)),
            "module": module, "name": name})

    # NEWOBJ calls __new__ alone, and the arguments are wanted here
    def load_newobj(self):
        args, cls = self.stack.pop(), self.stack.pop()
        self.append(cls(*args))
    dispatch = {**pickle._Unpickler.dispatch, pickle.NEWOBJ[0]: load_newobj}


def load_all(data, **options):
    stream, values = io.BytesIO(data), []
    while stream.tell() < len(data):
        values.append(Reader(stream, **options).load())
    return values


def float_hex(x):
    return struct.pack(">d", x).hex()


class Describer:
    """Turns a value into tagged JSON; the README lists the tags."""

    def __init__(self):
        self.times, self.ids, self.storages, self.keep, self.recurring = collections.Counter(), {}, {}, [], set()

    CONTAINERS = (list, tuple, dict, set, frozenset, bytearray, np.ndarray, torch.Tensor, Opaque)

    def children(self, v):
        if isinstance(v, Opaque):
            return [v.args, v.state]
        if isinstance(v, dict):
            return list(itertools.chain.from_iterable(v.items())) + [getattr(v, "__dict__", None)]
        return list(v) if isinstance(v, (list, tuple, set, frozenset)) else v.ravel().tolist() if isinstance(v, np.ndarray) and v.dtype == object else []

    def count(self, v):
        if isinstance(v, self.CONTAINERS) and not (isinstance(v, (tuple, frozenset)) and not v):    # () is one object for all
            self.times[id(v)] += 1
            self.keep.append(v)
            if self.times[id(v)] == 1:
                for child in self.children(v):
                    self.count(child)

    def __call__(self, v):
        self.count(v)
        return self.describe(v)

    def describe(self, v):
        if self.times.get(id(v), 0) > 1:
            if id(v) in self.ids:
                return {"t": "ref", "id": self.ids[id(v)]}
            self.ids[id(v)] = len(self.ids)
            return {**self.tagged(v), "id": self.ids[id(v)]}
        return self.tagged(v)

    def tagged(self, v):
        each = lambda items: [self.describe(x) for x in items]
        unordered = lambda items: sorted(each(items), key=lambda d: json.dumps(d, sort_keys=True))
        if v is None:
            return {"t": "none"}
        if isinstance(v, type) and issubclass(v, Opaque):
            return {"t": "global", "module": v.module, "name": v.name}
        if isinstance(v, Opaque):
            return {"t": "object", "module": v.module, "name": v.name, "args": each(v.args),
                    **({} if v.state is None else {"state": self.describe(v.state)})}
        if isinstance(v, np.generic):
            return {"t": "scalar", "dtype": v.dtype.str, "hex": v.tobytes().hex()}
        if isinstance(v, np.dtype):
            return {"t": "dtype", "v": v.str if v.names is None else v.descr}
        if isinstance(v, np.ndarray):
            names = v.dtype.names
            order = "F" if v.flags.f_contiguous and not v.flags.c_contiguous else "C"
            head = {"t": "ndarray", "dtype": v.dtype.str if names is None else v.dtype.descr, "shape": list(v.shape), "order": order}
            return {**head, "items": each(v.ravel().tolist())} if v.dtype == object else {**head, "hex": v.tobytes("C").hex()}
        if isinstance(v, torch.Tensor):
            return self.tensor(v)
        if isinstance(v, bool):
            return {"t": "bool", "v": v}
        if isinstance(v, int):
            return {"t": "int", "v": str(v)}
        if isinstance(v, float):
            return {"t": "float", "hex": float_hex(v)}
        if isinstance(v, complex):
            return {"t": "complex", "re": float_hex(v.real), "im": float_hex(v.imag)}
        if isinstance(v, str):
            if any(0xD800 <= ord(c) < 0xE000 for c in v):
                return {"t": "str", "utf16": list(struct.unpack("<%dH" % (len(v.encode("utf-16-le", "surrogatepass")) // 2),
                                                                v.encode("utf-16-le", "surrogatepass")))}
            return {"t": "str", "v": v}
        if isinstance(v, (bytes, bytearray)):
            return {"t": type(v).__name__, "hex": v.hex()}
        if isinstance(v, (list, tuple)):
            return {"t": type(v).__name__, "v": each(v)}
        if isinstance(v, (set, frozenset)):
            return {"t": type(v).__name__, "v": unordered(v)}
        if isinstance(v, dict):
            pairs = {"t": "odict" if isinstance(v, OrderedDict) else "dict", "v": [each(p) for p in v.items()]}
            return {**pairs, "attributes": self.describe(v.__dict__)} if getattr(v, "__dict__", None) else pairs
        raise TypeError(repr(v))

    def tensor(self, v):
        storage = v.untyped_storage() if hasattr(v, "untyped_storage") else v.storage()._storage
        self.keep.append(storage)
        raw = v.detach().contiguous().clone().reshape(-1)
        raw = raw.view(torch.uint8) if raw.numel() and not raw.is_complex() else torch.view_as_real(raw).contiguous().view(torch.uint8) if raw.numel() else raw
        return {"t": "tensor", "dtype": str(v.dtype).split(".")[-1], "shape": list(v.shape), "stride": list(v.stride()),
                "offset": v.storage_offset(), "storage": self.storages.setdefault(storage._cdata, len(self.storages)),
                "storageElements": storage.nbytes() // v.element_size(), "requiresGrad": v.requires_grad,
                "parameter": isinstance(v, torch.nn.Parameter), "hex": bytes(raw.reshape(-1).tolist()).hex()}


def answer(name, values, **more):
    ANSWERS.mkdir(parents=True, exist_ok=True)
    described = [Describer()(v) for v in values]
    body = {"about": about(fixture=name, **more), "values": described}
    (ANSWERS / (name + ".json")).write_text(json.dumps(body, allow_nan=False, separators=(",", ":")) + "\n")


def pickled(name, data, **options):
    """Write a file of pickles and what Python reads from it; pickletools checks the stack and memo of each first."""
    stream = io.BytesIO(data)
    while stream.tell() < len(data) and name != "python2-text.pkl":     # it takes no byte strings beyond ASCII
        pickletools.dis(stream, out=io.StringIO())
    write(VALUES / name, data)
    answer(name, load_all(data, **options), **options)


def torch_file(name, data=None):
    if data is not None:
        write(VALUES / name, data)
    answer(name, [torch.load(str(VALUES / name), map_location="cpu")])


def dumps(value, protocol):
    """pickle.dumps, where `fixtures Custom` and `fixtures Point` can be found while it runs."""
    module = types.ModuleType("fixtures")
    module.Custom, module.Point = Custom, Point
    sys.modules["fixtures"] = module
    try:
        return pickle.dumps(value, protocol)
    finally:
        del sys.modules["fixtures"]


def main():
    for protocol in range(6):
        pickled("rich-protocol%d.pkl" % protocol, dumps(rich(), protocol))
        pickled("numpy-protocol%d.pkl" % protocol, dumps(arrays(), protocol))
    pickled("numpy-2-names.pkl", dumps(arrays(), 2).replace(b"cnumpy.core.", b"cnumpy._core."))
    pickled("numpy-odd.pkl", dumps(odd_arrays(), 4))
    pickled("frames.pkl", dumps(["é" * 33000, b"z" * 66000, ["%0300d" % i for i in range(300)], bytearray(66000)], 5))
    pickled("several.pkl", b"".join(dumps(v, p) for p, v in ((2, {"first": [1, 2]}), (4, ["second"]), (0, 3), (5, None))))
    pickled("python2-batch.pkl", python2_batch(), encoding="bytes")
    pickled("python2-text.pkl", python2_text(), encoding="bytes")

    torch_file("tensors-legacy.pth", legacy(tensors()))
    write_zip(VALUES / "tensors-zip.pth", tensors())
    torch_file("tensors-zip.pth")
    out = io.BytesIO()
    torch.save(tensors(), out)
    torch_file("address_keys.pth", newer_zip(out.getvalue()))
    torch_file("view-metadata.pth", view_metadata())
    torch_file("one-tensor-legacy.pth", legacy(torch.arange(4.0)))
    torch_file("no-tensor-legacy.pth", legacy({"a": [1, 2.5]}))
    # Without torch.save: each storage is a whole torch file inside the pickle. Its key is an address, another each time.
    plain = dumps(tensors(), 4)
    write(VALUES / "tensors-protocol4.pkl", plain)
    answer("tensors-protocol4.pkl", [pickle.loads(plain)])
    write_zip(VALUES / "no-tensor-zip.pth", {"a": [1, 2.5]})
    torch_file("no-tensor-zip.pth")


if __name__ == "__main__":
    repeatable()
    main()
