"""Asks the reference packages questions and writes their answers as JSON. The formats are described in the README."""
import bz2
import contextlib
import importlib
import io
import json
import math
import os
import pickle
import platform
import random
import sys
import types

import numpy as np
import torch


def load_package(name, folder=None):
    """Import a reference package, from `folder` if one is given; several versions may be loaded one after another."""
    for module in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
        del sys.modules[module]
    if folder:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except ImportError:
        sys.exit("%s was not found: give its folder as an option or in PYTHONPATH (see the README)" % name)
    finally:
        if folder:
            sys.path.remove(folder)


def read(path):
    """What a file holds, read by the library that wrote it; None where the reference opens the file itself."""
    name = os.path.basename(path)
    if name.endswith(".pth"):
        return None
    with (bz2.open if name.endswith(".pbz2") else open)(path, "rb") as f:
        return pickle.load(f)


def read_instances(path, package):
    """An intermediate file: its instances name nas_201_api.api, as the package's module was called at first."""
    old_name = types.ModuleType("nas_201_api.api")
    old_name.ArchResults, old_name.ResultsCount = package.ArchResults, package.ResultsCount
    sys.modules["nas_201_api.api"] = old_name
    try:
        data = torch.load(path, map_location="cpu")
    finally:
        del sys.modules["nas_201_api.api"]
    data["arch2infos"] = {index: {hp: arch.state_dict() for hp, arch in record.items()}
                          for index, record in data["arch2infos"].items()}
    return data


def plain(value, weights=False):
    """A value as JSON can hold it."""
    if isinstance(value, torch.Tensor) and weights:
        return {"tensor": {"dtype": str(value.dtype).split(".")[-1], "shape": list(value.shape),
                           "values": value.flatten().tolist()}}
    if isinstance(value, (np.generic, torch.Tensor)) and not getattr(value, "ndim", 0):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(v, weights) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(v, weights) for v in value)
    if isinstance(value, dict):
        if all(isinstance(k, str) for k in value):
            return {k: plain(v, weights) for k, v in value.items()}
        return {"map": [[plain(k, weights), plain(v, weights)] for k, v in value.items()]}
    if type(value).__name__ in ("ArchResults", "ResultsCount"):
        return {"repr": repr(value)}
    raise TypeError("no JSON for %r" % (value,))


class Interview:
    """Asks one API object after another and keeps questions and answers in order."""

    # what Python writes with an operator or an attribute
    SPECIAL = {"len": len, "repr": repr, "iterate": list, "getitem": lambda api, index: api[index]}
    PROPERTIES = ("used_time", "avaliable_hps", "full_train_epochs", "search_space_name", "fast_mode", "evaluated_indexes",
                  "is_size", "is_topology", "full_epochs_in_paper")

    def __init__(self, create, prefix=""):
        self.create, self.prefix, self.answers = create, prefix, []
        self.api = self.held = None

    def open(self):
        """A fresh API object: what earlier questions changed is gone."""
        self.api = self.held = None
        self.answers.append({"call": self.prefix + "open", "args": {}, "answer": None})
        try:
            self.api = self.create()
        except Exception as e:
            self.answers[-1] = {"call": self.prefix + "open", "args": {}, "error": failure(e)}

    def target(self, on):
        """The ArchResults, or the ResultsCount of one trial, that `on` describes."""
        arch = self.held if on.get("held") else self.api.query_meta_info_by_index(on["index"], on["hp"])
        return arch.query(on["dataset"], on["seed"]) if "dataset" in on else arch

    def call(self, name, on, args):
        if name == "hold":
            self.held = self.api.query_meta_info_by_index(args["index"], args["hp"])
            return self.held
        if on is not None:
            method = name.split(".")[-1]
            return repr(self.target(on)) if method == "repr" else getattr(self.target(on), method)(**args)
        if name in self.SPECIAL:
            return self.SPECIAL[name](self.api, **args)
        if name in self.PROPERTIES:
            value = getattr(self.api, name)
            return sorted(value) if name == "avaliable_hps" else value
        return getattr(self.api, name)(**args)

    def ask(self, call, /, _on=None, _seed=None, _repeat=None, **args):
        """Ask one question, of the API or of what `_on` describes; `_seed` seeds Python's random first."""
        entry = {"call": self.prefix + call}
        if _on is not None:
            entry["on"] = _on
        if _seed is not None:
            entry["seed"] = _seed
            random.seed(_seed)
        if _repeat:
            entry["repeat"] = _repeat
        entry["args"] = args
        printed = io.StringIO()
        weights = call.endswith("get_net_param")
        try:
            with contextlib.redirect_stdout(printed):
                answers = [plain(self.call(call, _on, args), weights) for _ in range(_repeat or 1)]
            entry["answer"] = answers if _repeat else answers[0]
        except Exception as e:
            entry["error"] = failure(e)
        if printed.getvalue():
            entry["stdout"] = printed.getvalue()
        self.answers.append(entry)
        return entry


def failure(e):
    return "%s: %s" % (type(e).__name__, e)


def about(**more):
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    return {**more, "versions": versions}


def write_answers(path, head, answers):
    """One question a line."""
    def line(value):
        return json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as f:
        f.write('{"about":%s,\n"answers":[\n%s\n]}\n' % (line(head), ",\n".join(map(line, answers))))
    print("%9d  %5d answers  %s" % (os.path.getsize(path), len(answers), os.path.basename(path)))
