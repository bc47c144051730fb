#!/usr/bin/env python3
"""Make a benchmark with the reference's own scripts (AutoDL-Projects, exps/NAS-Bench-201), as small as can be, and write
test-fixtures/runs.

    make_run_fixtures.py PATH-OF-AutoDL-Projects --reference DIR-2.1

Needs torch. On the CPU, with a few random images and networks of 1 channel and 1 cell: `main.py --mode meta`, the training
of `functions.py`, then `statistics-v2.py` with both of its modes. What is wrong with the scripts on a torch of today, and
what insists on a GPU and on whole data sets, is replaced here; what they write is not.
"""
import argparse
import gzip
import hashlib
import importlib.util
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import types

import torch

from reference import Interview, about, load_package, write_answers
from writing import FIXTURES, legacy, repeatable

repeatable()
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("autodl", type=pathlib.Path)
parser.add_argument("--reference", required=True)
options = parser.parse_args()
OUT = FIXTURES / "runs"
SCRIPTS = options.autodl.resolve() / "exps" / "NAS-Bench-201"

sys.path.insert(0, str(options.autodl.resolve()))
package = load_package("nas_201_api", os.path.abspath(options.reference))

# No GPU.
torch.set_num_threads(1)
torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, device=None, non_blocking=False: self
torch.nn.DataParallel = lambda network: network

# What is measured on the way: the same every time, and no number like another.
CLOCK = types.SimpleNamespace(now=1.6e9)


def clock():
    CLOCK.now += 0.0101
    return CLOCK.now


def script(name, **modules):
    """One of the reference's scripts as a module, with `modules` where it imports what is not there."""
    sys.modules.update(modules)
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), SCRIPTS / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# torchvision is not needed for images that are made here.
data_sets = sys.modules["xautodl.datasets"] = types.ModuleType("xautodl.datasets")
data_sets.get_datasets = data_sets.get_nas_search_loaders = None

import xautodl.config_utils, xautodl.log_utils, xautodl.models, xautodl.procedures, xautodl.utils  # noqa: E402, E401
from xautodl.procedures.eval_funcs import obtain_accuracy  # noqa: E402

old_names = {name: getattr(xautodl, name) for name in ("config_utils", "log_utils", "models", "procedures", "utils")}
functions = script("functions", **old_names)
functions.obtain_accuracy = obtain_accuracy            # that of xautodl.utils fails on torch 1.7 and later
functions.time = types.SimpleNamespace(time=clock)
main = script("main", **{"xautodl.functions": functions})

ARCHS = (6, 17)
SIZE = {"channel": 1, "num_cells": 1}
SETS = {"cifar10-valid": ("ori-test", "x-valid"), "cifar10": ("ori-test",),
        "cifar100": ("ori-test", "x-valid", "x-test"), "ImageNet16-120": ("ori-test", "x-valid", "x-test")}
CLASSES = {"cifar10-valid": 10, "cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}


def loader(count, size, classes):
    images = [(torch.rand(3, size, size), random.randrange(classes)) for _ in range(count)]
    return torch.utils.data.DataLoader(images, batch_size=8)


class Silent:
    log = staticmethod(lambda *_: None)


def train(arch, seed, epochs):
    """`evaluate_all_datasets`, with other images."""
    results = {"info": "made by make_run_fixtures.py"}
    for key, sets in SETS.items():
        size, classes = (16 if "ImageNet" in key else 32), CLASSES[key]
        config = xautodl.config_utils.load_config(options.autodl / "configs" / "nas-benchmark" / "LESS.config",
                                                  {"class_num": classes, "xshape": (1, 3, size, size)}, None)
        config = config._replace(epochs=epochs)
        random.seed(seed), torch.manual_seed(seed)
        structure = main.CellStructure.str2structure(arch)
        loaders = {name: loader(8, size, classes) for name in sets}
        results[key] = functions.evaluate_for_seed(SIZE, config, structure, loader(20, size, classes), loaders, seed, Silent)
    results["all_dataset_keys"] = list(SETS)
    return results


class Latencies:
    """In the place of FILEv1.0, which the latencies of v1.1 come from."""
    get_latency = staticmethod(lambda index, dataset, hp: round(0.01 + index / 1000 + len(dataset) / 10000, 6))


def collect(folder):
    package.NASBench201API, real = lambda _: Latencies, package.NASBench201API
    home, os.environ["HOME"] = os.environ.get("HOME", ""), "/"
    statistics = script("statistics-v2")
    package.NASBench201API, os.environ["HOME"] = real, home
    statistics.get_nas_bench_loaders = lambda workers: None
    base = "C%d-N%d" % (SIZE["channel"], SIZE["num_cells"])
    meta = folder / "meta-node-4.pth"
    for name in sorted(path.name for path in folder.glob("*-" + base)):
        statistics.simplify(folder, meta, base, name)
    statistics.merge_all(folder, meta, base)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make():
    folder = pathlib.Path(tempfile.mkdtemp()) / "bench"
    main.generate_meta_info(folder, 4)
    info = torch.load(folder / "meta-node-4.pth")
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    texts = [path for path in sorted(folder.iterdir()) if path.suffix != ".pth"]
    listed = json.dumps([info["archs"], info["total"], info["max_node"], info["splits"]], separators=(",", ":"))
    with open(OUT / "meta.json", "w") as f:
        json.dump({"texts": {path.name: digest(path) for path in texts},
                   "meta": hashlib.sha256(listed.encode()).hexdigest()}, f, indent=2)
        f.write("\n")
    for suffix, seeds, epochs in (("", (777, 888), 3), ("-LESS", (777,), 2)):
        runs = folder / ("000000-000389-C1-N1" + suffix)
        runs.mkdir()
        for index in ARCHS:
            for seed in seeds:
                path = runs / ("arch-%06d-seed-%04d.pth" % (index, seed))
                run = train(info["archs"][index], seed, epochs)
                # In 2019 torch.save wrote its legacy container.
                if suffix:
                    torch.save(run, path)
                else:
                    path.write_bytes(legacy(run))
                (OUT / runs.name).mkdir(exist_ok=True)
                shutil.copy(path, OUT / runs.name / path.name)
    collect(folder)
    simplifies = folder / "simplifies"
    collected = (simplifies / "000000-000389-C1-N1.pth").read_bytes()
    (OUT / "collected.pth.gz").write_bytes(gzip.compress(collected, mtime=0))   # most of it are the 15,625 names
    with open(OUT / "latencies.json", "w") as f:
        json.dump({index: {key: Latencies.get_latency(index, key, None) for key in SETS} for index in ARCHS}, f)
        f.write("\n")
    ask(simplifies / "C1-N1-final-infos.pth")
    shutil.rmtree(folder.parent)


def ask(path):
    q = Interview(lambda: package.NASBench201API(str(path), verbose=False))
    q.open()
    q.ask("len")
    q.ask("evaluated_indexes")
    for hp in ("12", "200"):
        for index in ARCHS:
            q.ask("query_info_str_by_arch", arch=index, hp=hp)
            for key, sets in SETS.items():
                q.ask("query_by_index", arch_index=index, dataname=key, hp=hp)
                q.ask("get_cost_info", index=index, dataset=key, hp=hp)
                q.ask("get_latency", index=index, dataset=key, hp=hp)
                q.ask("get_net_config", index=index, dataset=key)
                for name in ("train",) + sets:
                    for epoch in (None, 0):
                        q.ask("ArchResults.get_metrics", _on={"index": index, "hp": hp}, dataset=key, setname=name, iepoch=epoch,
                              is_random=False)
                for seed in (777, 888):
                    q.ask("ResultsCount.get_times", _on={"index": index, "hp": hp, "dataset": key, "seed": seed})
    for key in SETS:
        q.ask("statistics", dataset=key, hp="200")
        q.ask("find_best", dataset=key, metric_on_set="ori-test", hp="200")
    write_answers(str(OUT / "answers.json"),
                  about(fixture="C1-N1-final-infos.pth", api="NASBench201API", reference="nas-bench-201 2.1"), q.answers)


make()
