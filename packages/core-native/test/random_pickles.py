#!/usr/bin/env python3
"""Random values pickled in every way that CPython has, some of the pickles damaged, and what CPython reads from each.

    random_pickles.py FOLDER --seed 1 --count 600 --damaged 1500

writes pickles.bin and answers.jsonl: one line a pickle, {"at", "size", "how", "values" or "error"}. Values are tagged as
test-fixtures/README.md says; objects besides may have "kwargs", "items" (appended), "pairs" (set), and a "callee" that is an object. A damaged pickle
that does not load has an "error"; one that loads to more than plain values has neither.
Only the standard library; the same seed and Python write the same bytes.
"""
import argparse
import collections
import io
import itertools
import json
import os
import pathlib
import pickle
import pickletools
import random
import resource
import struct
import sys
import types
from collections import OrderedDict


# ---- what is pickled

class Custom:
    """Pickled by its __dict__."""
    __module__ = "random_pickles"


class Listing(list):
    """Pickled with items to append."""
    __module__ = "random_pickles"


class Mapping(dict):
    """Pickled with pairs to set."""
    __module__ = "random_pickles"


class Keyword:
    """Made with keyword arguments."""
    __module__ = "random_pickles"

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.how = args, kwargs
        return self

    def __getnewargs_ex__(self):
        return self.how


class Values:
    """Random nested values, with sharing and cycles."""

    def __init__(self, rng):
        self.rng, self.made, self.open = rng, [], []

    def integer(self):
        bits = self.rng.choice((1, 7, 8, 15, 16, 31, 32, 53, 54, 63, 64, 65, 300, 2100))
        return self.rng.choice((-1, 1)) * self.rng.choice((1 << bits, (1 << bits) - 1, self.rng.getrandbits(bits)))

    def real(self):
        pattern = self.rng.choice((0, 1 << 63, 1, 0x7FF << 52, 0xFFF << 52, 0x7FF8 << 48, self.rng.getrandbits(64)))
        return self.rng.choice((0.1, 1.0, -2.5, struct.unpack(">d", struct.pack(">Q", pattern))[0]))

    def text(self):
        kind = self.rng.randrange(8)
        length = self.rng.choice((0, 1, 5, 20, 300))
        if kind < 3:
            return "".join(self.rng.choice("abc xyz\\'\"\n\r\t\0") for _ in range(length))
        if kind == 3:
            return "".join(chr(self.rng.randrange(0x80, 0x800)) for _ in range(length))
        if kind == 4:
            return "".join(self.rng.choice("é日本𝔘\ufeff\u2028\U0010ffff") for _ in range(length))
        if kind == 5:   # never a high surrogate before a low one: JavaScript takes the two for one character
            return "a" + chr(self.rng.randrange(0xD800, 0xE000)) + "b"
        return self.rng.choice(("name", "key", "__proto__", "constructor", "\\u0041", "u\\", "\\"))

    def raw(self):
        return self.rng.getrandbits(8 * 300).to_bytes(300, "little")[: self.rng.choice((0, 1, 5, 255, 256, 300))]

    def key(self, depth=0):
        """Hashable, and no two equal in one language and not in the other (True and 1, 0.0 and -0.0)."""
        kind = self.rng.randrange(9 if depth < 2 else 6)
        if kind == 0:
            return None
        if kind == 1:
            return self.integer()
        if kind == 2:
            return self.rng.randrange(-99, 99) + 0.5
        if kind < 6:
            return self.rng.choice((self.text, self.text, self.raw))()
        items = [self.key(depth + 1) for _ in range(self.rng.randrange(4))]
        return frozenset(items) if kind == 8 else tuple(items)

    def value(self, depth=0):
        rng = self.rng
        if self.made and rng.random() < 0.1:
            return rng.choice(self.made)
        if self.open and rng.random() < 0.02:
            return rng.choice(self.open)        # a value that holds itself
        kind = rng.randrange(22 if depth < 5 else 9)
        if kind < 9:
            return (None, bool(rng.getrandbits(1)), self.integer(), self.integer(), self.real(), complex(self.real(), self.real()),
                    self.text(), self.raw(), bytearray(self.raw()))[kind]
        size = rng.choice((0, 1, 2, 3, 4, 7))
        if rng.random() < 0.01:
            size = rng.choice((255, 300, 1001, 2003))     # picklers batch by 1000
            depth = 5
        if kind < 12:
            out = rng.choice((list, list, list, Listing))()
            self.open.append(out)
            out.extend(self.value(depth + 1) for _ in range(size))
            self.open.pop()
        elif kind < 14:
            out = tuple(self.value(depth + 1) for _ in range(size))
        elif kind < 18:
            out = rng.choice((dict, dict, OrderedDict, Mapping))()
            self.open.append(out)
            for _ in range(size):
                out[self.key()] = self.value(depth + 1)
            if type(out) is OrderedDict and rng.random() < 0.3:
                out._metadata = self.value(depth + 1)
            self.open.pop()
        elif kind == 18:
            out = {self.key() for _ in range(size)}
        elif kind == 19:
            out = frozenset(self.key() for _ in range(size))
        elif kind == 20:
            out = Custom()
            self.open.append(out)
            for name in rng.sample(("a", "b", "state", "_x"), rng.randrange(4)):
                setattr(out, name, self.value(depth + 1))
            self.open.pop()
        else:
            out = rng.choice((Custom, len, Keyword(self.key()), Keyword(a=self.key(), b=1)))
        self.made.append(out)
        return out


def pickled(rng, value):
    """The value's pickle, by a random one of CPython's picklers."""
    protocol = rng.randrange(6)
    out = io.BytesIO()
    kind = rng.choice(("c", "python", "fast"))
    pickler = (pickle._Pickler if kind == "python" else pickle.Pickler)(out, protocol)
    if kind == "fast":
        pickler.fast = True         # writes no memo: what is shared comes out twice, cycles do not come out
    try:
        pickler.dump(value)
    except (ValueError, KeyError, RecursionError, pickle.PicklingError, AssertionError):
        return None, None           # a cycle in fast mode, a name that protocol 0 cannot write
    data, how = out.getvalue(), "protocol %d, %s" % (protocol, kind)
    if rng.random() < 0.3:
        data, how = pickletools.optimize(data), how + ", optimized"
    return data, how


# ---- what CPython reads from it

class Opaque:
    """A global that is named instead of imported, and what it was called with and given."""

    def __init__(self, module, name, args, kwargs=None):
        self.module, self.name, self.args, self.kwargs = module, name, args, kwargs
        self.state, self.items, self.pairs = None, [], []

    def __call__(self, *args, **kwargs):
        return Opaque(None, self, list(args), kwargs)      # what a call returned, called

    def __setstate__(self, state):
        self.state = (state,)

    def append(self, item):
        self.items.append(item)

    def extend(self, items):
        self.items.extend(items)

    def __setitem__(self, key, value):
        self.pairs.append((key, value))

    def __hash__(self):
        return id(self)


BASIC = ("set", "frozenset", "bytearray", "bytes", "complex")
KNOWN = {"collections": ("OrderedDict",), "_codecs": ("encode",), "builtins": BASIC, "__builtin__": BASIC}


class Reader(pickle._Unpickler):
    """Python's own unpickler, which imports nothing but a few plain types."""

    def find_class(self, module, name):
        if name in KNOWN.get(module, ()):
            return super().find_class({"__builtin__": "builtins"}.get(module, module), name)
        return type("Opaque", (Opaque,), {
            "__new__": lambda cls, *args, **kwargs: object.__new__(cls),
            "__init__": lambda self, *args, **kwargs: Opaque.__init__(self, module, name, list(args), kwargs),
            "module": module, "name": name})

    # INST and OBJ, which make an instance without arguments without calling anything
    def _instantiate(self, klass, args):
        self.append(klass(*args))

    # NEWOBJ calls __new__ alone, and the arguments are wanted here
    def load_newobj(self):
        args, cls = self.stack.pop(), self.stack.pop()
        self.append(cls(*args))

    def load_newobj_ex(self):
        kwargs, args, cls = self.stack.pop(), self.stack.pop(), self.stack.pop()
        out = cls(*args, **kwargs)
        out.kwargs = kwargs
        self.append(out)
    dispatch = {**pickle._Unpickler.dispatch, pickle.NEWOBJ[0]: load_newobj, pickle.NEWOBJ_EX[0]: load_newobj_ex}


def load_all(data):
    stream, values = io.BytesIO(data), []
    while not values or stream.tell() < len(data):
        values.append(Reader(stream).load())
    return values


class NotPlain(Exception):
    """Something that only a damaged pickle makes."""


class Describer:
    """Turns a value into tagged JSON, as test-fixtures/scripts/make_value_fixtures.py does."""
    CONTAINERS = (list, tuple, dict, set, frozenset, bytearray, Opaque)

    def __init__(self):
        self.times, self.ids, self.keep = collections.Counter(), {}, []

    def children(self, v):
        if isinstance(v, Opaque):
            return [v.name, *v.args, v.kwargs, *(v.state or ()), *v.items, *itertools.chain.from_iterable(v.pairs)]
        if isinstance(v, dict):
            return [*itertools.chain.from_iterable(v.items()), getattr(v, "__dict__", None)]
        return list(v) if isinstance(v, (list, tuple, set, frozenset)) else []

    def count(self, v):
        if isinstance(v, self.CONTAINERS) and not (isinstance(v, (tuple, frozenset)) and not v):
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
        def each(items):
            return [self.describe(x) for x in items]
        kind = type(v)
        if v is None:
            return {"t": "none"}
        if isinstance(v, type) and issubclass(v, Opaque) and v is not Opaque:
            return {"t": "global", "module": v.module, "name": v.name}
        if isinstance(v, Opaque):
            callee = {"callee": self.describe(v.name)} if v.module is None else {"module": v.module, "name": v.name}
            out = {"t": "object", **callee, "args": each(v.args)}
            if v.kwargs:
                out["kwargs"] = self.describe(v.kwargs)
            if v.state:
                out["state"] = self.describe(v.state[0])
            if v.items:
                out["items"] = each(v.items)
            if v.pairs:
                out["pairs"] = [each(p) for p in v.pairs]
            return out
        if kind is bool:
            return {"t": "bool", "v": v}
        if kind is int:
            return {"t": "int", "v": str(v)}
        if kind is float:
            return {"t": "float", "hex": struct.pack(">d", v).hex()}
        if kind is complex:
            return {"t": "complex", "re": struct.pack(">d", v.real).hex(), "im": struct.pack(">d", v.imag).hex()}
        if kind is str:
            if any(0xD800 <= ord(c) < 0xE000 for c in v):
                wide = v.encode("utf-16-le", "surrogatepass")
                return {"t": "str", "utf16": list(struct.unpack("<%dH" % (len(wide) // 2), wide))}
            return {"t": "str", "v": v}
        if kind in (bytes, bytearray):
            return {"t": kind.__name__, "hex": v.hex()}
        if kind in (list, tuple):
            return {"t": kind.__name__, "v": each(v)}
        if kind in (set, frozenset):
            return {"t": kind.__name__, "v": each(v)}
        if kind in (dict, OrderedDict):
            out = {"t": "odict" if kind is OrderedDict else "dict", "v": [each(p) for p in v.items()]}
            return {**out, "attributes": self.describe(v.__dict__)} if getattr(v, "__dict__", None) else out
        raise NotPlain(kind)


def has_opaque(described):
    return isinstance(described, dict) and (described.get("t") in ("global", "object") or any(map(has_opaque, described.values()))) \
        or isinstance(described, list) and any(map(has_opaque, described))


# ---- damage

def damaged(rng, data):
    """The bytes with a few of them flipped, cut out, doubled, swapped, or replaced by opcodes."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        at, more = rng.randrange(len(data)), rng.choice((1, 1, 2, 4, 9, 30))
        kind = rng.randrange(7)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at:at + more]
        elif kind == 3:
            data[at:at] = data[at:at + more]
        elif kind == 4:
            data[at:at] = bytes(rng.getrandbits(8) for _ in range(more))
        elif kind == 5:
            data[at] = ord(rng.choice(b"(.012FIJKLMNQRSTUVXabcd}eghijl]opqrst)uGBC".decode()))
        else:
            other = rng.randrange(len(data))
            data[at:at + more] = data[other:other + more]
    return bytes(data)


def outcome(data):
    """What CPython makes of damaged bytes."""
    try:
        values = load_all(data)
    except MemoryError:
        return {}               # a length that is not there: no answer
    except Exception as error:  # an unpickler that is given damage raises nearly everything
        return {"error": type(error).__name__}
    try:
        described = [Describer()(v) for v in values]
    except (NotPlain, RecursionError, ValueError):
        return {}
    return {} if has_opaque(described) else {"values": described}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--damaged", type=int, default=1500)
    options = parser.parse_args()
    # A damaged length must not cost the machine its memory.
    resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
    sys.set_int_max_str_digits(0) if hasattr(sys, "set_int_max_str_digits") else None
    module = types.ModuleType("random_pickles")
    module.Custom, module.Listing, module.Mapping, module.Keyword = Custom, Listing, Mapping, Keyword
    sys.modules["random_pickles"] = module

    rng, whole, at = random.Random(options.seed), [], 0
    with open(options.folder / "pickles.bin", "wb") as out, open(options.folder / "answers.jsonl", "w") as answers:
        def write(data, **answer):
            nonlocal at
            out.write(data)
            answers.write(json.dumps({"at": at, "size": len(data), **answer}, allow_nan=False, separators=(",", ":")) + "\n")
            at += len(data)

        while len(whole) < options.count:
            some = Values(rng)
            data, how = pickled(rng, [some.value(1) for _ in range(rng.randrange(1, 6))])
            if data is None:
                continue
            try:
                values = [Describer()(v) for v in load_all(data)]
            except NotPlain:
                continue
            whole.append(data)
            write(data, how=how, values=values)
        small = [data for data in whole if len(data) < 20000]
        for _ in range(options.damaged):
            data = damaged(rng, rng.choice(small))
            write(data, how="damaged", **outcome(data))


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":     # sets are pickled in hash order
        os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, "PYTHONHASHSEED": "0"})
    main()
