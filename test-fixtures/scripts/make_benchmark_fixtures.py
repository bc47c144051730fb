#!/usr/bin/env python3
"""Write the small benchmark files of test-fixtures/benchmark with the serializers that wrote the published ones.

All numbers are synthetic and seeded; only the structure is the published files'. Needs torch and numpy, no reference
package. Running it again gives the same bytes (with the same versions of torch and numpy).
"""
import bz2
import hashlib
import itertools
import pickle
import random
import sys
import types
from collections import OrderedDict

import numpy as np
import torch

from writing import FIXTURES, legacy, repeatable, write, write_zip

OUT = FIXTURES / "benchmark"
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
CLASSES = {"cifar10-valid": 10, "cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
SETS = {"cifar10-valid": ("x-valid", "ori-test"), "cifar10": ("ori-test",),
        "cifar100": ("ori-test", "x-valid", "x-test"), "ImageNet16-120": ("ori-test", "x-valid", "x-test")}
# FILEv1.0 (and NATS-Bench with 200 epochs) evaluated these after the last epoch only
LAST_ONLY = {"cifar10-valid": ("ori-test",), "cifar10": (),
             "cifar100": ("x-valid", "x-test"), "ImageNet16-120": ("x-valid", "x-test")}
LESS = (("cifar10-valid", 777), ("cifar10-valid", 111), ("cifar10", 111), ("cifar100", 111), ("ImageNet16-120", 111))


def index_order():
    """The published order: all cells in the order of their edges' operations, shuffled by CPython's random."""
    cells = ["|%s~0|+|%s~0|%s~1|+|%s~0|%s~1|%s~2|" % ops for ops in itertools.product(OPERATIONS, repeat=6)]
    rng = random.Random(88)
    rng.shuffle(cells)
    assert cells[0] == "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    assert cells[9] == "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
    assert cells[123] == "|avg_pool_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|"
    return cells


CELLS = index_order()
CHANNELS = [":".join(map(str, c)) for c in itertools.product(range(8, 65, 8), repeat=5)]


def seeds(trials):
    return {1: (888,), 2: (777, 888), 3: (777, 888, 999)}[trials]


def full(trials):
    return [(dataset, seed) for seed in seeds(trials)[::-1] for dataset in CLASSES]


def true_costs(arch, dataset):
    """Millions of FLOPs and parameters of a cell's network (16 channels, 5 cells a stage)."""
    ones, threes = arch.count("nor_conv_1x1"), arch.count("nor_conv_3x3")
    flop, one, three, params = {"cifar100": (7.7889, 3.93216, 35.38944, 0.079156),
                                "ImageNet16-120": (1.9534, 0.98304, 8.84736, 0.080456)}.get(
                                    dataset, (7.78305, 3.93216, 35.38944, 0.073306))
    return round(flop + ones * one + threes * three, 5), round(params + ones * 0.028 + threes * 0.24304, 6)


class Maker:
    """Makes states (ArchResults) of one file; `salt` makes the numbers differ from another file's."""

    def __init__(self, salt):
        self.salt = salt

    def curve(self, rng, epochs, start, end, samples):
        """Moves from start towards end; an accuracy is a share of `samples`, as real ones are."""
        speed = rng.uniform(1.5, 6) / epochs
        values = [end + (start - end) * 2.718281828 ** (-speed * e) + rng.gauss(0, abs(end - start) / 60)
                  for e in range(epochs)]
        return [round(v / 100 * samples) / samples * 100 if samples else v for v in values]

    def trial(self, arch_index, config, dataset, seed, epochs, last_only=(), acc5=True):
        rng = random.Random("%s/%d/%s/%d/%d" % (self.salt, arch_index, dataset, seed, epochs))
        cost = random.Random("%s/%d/%s" % (self.salt, arch_index, dataset))     # the same for every trial
        # drawn even where the cell tells the true costs, so that the numbers after these do not depend on it
        params, flop = round(cost.uniform(0.07, 1.5), 6), round(cost.uniform(5, 220), 5)
        if "|" in config["arch_str"]:
            flop, params = true_costs(config["arch_str"], dataset)
        classes = CLASSES[dataset]
        chance, top = 100 / classes, rng.uniform(40, 90)
        accs = self.curve(rng, epochs, chance, min(top + 8, 99.9), 25000)
        losses = self.curve(rng, epochs, rng.uniform(1.8, 4), rng.uniform(0.05, 1), 0)
        seconds, evaluation = cost.uniform(5, 50), cost.uniform(0.3, 3)
        eval_acc1es, eval_losses, eval_times = {}, {}, {}
        for name in SETS[dataset]:
            a = self.curve(rng, epochs, chance, top, 10000)
            b = self.curve(rng, epochs, rng.uniform(1.8, 4), rng.uniform(0.5, 2), 0)
            for e in range(epochs):
                # three texts, not one: the reference's files write each dict's keys out again
                if name not in last_only or e == epochs - 1:
                    eval_acc1es["%s@%d" % (name, e)] = a[e]
                    eval_losses["%s@%d" % (name, e)] = b[e]
                eval_times["%s@%d" % (name, e)] = evaluation * (1 + 0.001 * rng.randrange(8))
        trial = {
            "name": dataset,
            "train_acc1es": dict(enumerate(accs)),
            "train_acc5es": dict(enumerate(min(100.0, a * 1.2 + 5) for a in accs)) if acc5 else None,
            "train_losses": dict(enumerate(losses)),
            "train_times": OrderedDict((e, seconds * (1 + 0.001 * rng.randrange(8))) for e in range(epochs)),
            "arch_config": {**config, "class_num": classes},
            "params": np.float64(params),
            "flop": flop,
            "seed": "%04d" % seed,
            "epochs": epochs,
            "latency": [cost.uniform(0.01, 0.05) for _ in range(cost.choice((1, 1, 3)))],
            "eval_names": list(SETS[dataset]),
            "eval_acc1es": eval_acc1es,
            "eval_times": eval_times,
            "eval_losses": eval_losses,
            "net_state_dict": None,
        }
        if seed == 888 and epochs > 12:     # cleared in one way or the other
            del trial["net_state_dict"]
        return trial

    def state(self, arch_index, plan, epochs, last_only=None, acc5=True, channels=None):
        if channels:
            config = {"name": "infer.shape.tiny", "channels": channels, "arch_str": channels, "genotype": CELLS[1]}
        else:
            config = {"channel": 16, "num_cells": 5, "arch_str": CELLS[arch_index]}
        results = {(d, s): self.trial(arch_index, config, d, s, epochs, (last_only or {}).get(d, ()), acc5)
                   for d, s in plan}
        by_dataset = {}
        for dataset, seed in plan:
            by_dataset.setdefault(dataset, []).append(seed)
        return {"arch_index": arch_index, "arch_str": config["arch_str"], "all_results": results,
                "dataset_seed": {d: sorted(s) for d, s in by_dataset.items()}, "clear_net_done": True}

    def record(self, arch_index, trials, epochs=200, last_only=None):
        return {"full": self.state(arch_index, full(trials), epochs, last_only, acc5=False),
                "less": self.state(arch_index, LESS, 12)}


def benchmark(infos, cells=60):
    return {"meta_archs": CELLS[:cells], "total_archs": cells, "arch2infos": infos, "evaluated_indexes": list(infos)}


def published(name, data):
    """Write it under the name that published files have: the last six digits of its MD5 in it."""
    for old in OUT.glob(name + "-*.pth"):
        old.unlink()
    write(OUT / ("%s-%s.pth" % (name, hashlib.md5(data).hexdigest()[-6:])), data)


def v1_1():
    make = Maker("v1.1")
    infos = {0: make.record(0, 2), 9: make.record(9, 1), 3: make.record(3, 1), 41: make.record(41, 3),
             17: make.record(17, 1, last_only=LAST_ONLY)}
    # one dict of times serves several trials
    results = infos[41]["full"]["all_results"]
    for dataset in CLASSES:
        for seed in (777, 999):
            results[dataset, seed]["train_times"] = results[dataset, 888]["train_times"]
    # and one trial carries another network's costs, as 204 architectures' do in the published file
    results["cifar10", 888]["flop"], results["cifar10", 888]["params"] = 15.64737, np.float64(0.129306)
    return benchmark(infos)


def v1_0():
    make = Maker("v1.0")
    infos = {}
    for index, trials in ((5, 1), (0, 2), (12, 1)):
        infos[index] = {"full": make.state(index, full(trials), 200, LAST_ONLY, acc5=False),
                        "less": make.state(index, LESS[:2], 12, LAST_ONLY, acc5=False)}
        for state in infos[index].values():
            for trial in state["all_results"].values():
                trial["train_times"], trial["eval_times"] = None, {}
                if index == 12:
                    trial["latency"] = None
    return benchmark(infos)


def few_epochs(salt, index=2, trials=2):
    return benchmark({index: Maker(salt).record(index, trials, epochs=12)}, cells=5)


class Instances:
    """Stand-ins whose pickles name the reference's classes: a pickle holds an instance's class name and attributes only."""

    def __enter__(self):
        self.module = types.ModuleType("nas_201_api.api")
        for name in ("ArchResults", "ResultsCount"):
            setattr(self.module, name, type(name, (object,), {"__module__": "nas_201_api.api"}))
        sys.modules["nas_201_api"], sys.modules["nas_201_api.api"] = types.ModuleType("nas_201_api"), self.module
        return self

    def __exit__(self, *_):
        del sys.modules["nas_201_api"], sys.modules["nas_201_api.api"]

    def instance(self, name, attributes):
        value = getattr(self.module, name)()
        value.__dict__.update(attributes)
        return value

    def arch(self, state):
        results = {k: self.instance("ResultsCount", t) for k, t in state["all_results"].items()}
        return self.instance("ArchResults", {**state, "all_results": results})


def instances():
    make = Maker("instances")
    with Instances() as module:
        infos = {i: {hp: module.arch(s) for hp, s in make.record(i, n, epochs=12).items()} for i, n in ((4, 3), (1, 1))}
        return legacy({"basestr": "C16-N5", "meta_archs": CELLS[:60], "total_archs": 60, "arch2infos": infos,
                       "evaluated_indexes": set(infos)})


def weights(rng, channels=2):
    """A few tensors as a network's state_dict has them."""
    def floats(*shape):
        return torch.tensor([rng.uniform(-1, 1) for _ in range(int(np.prod(shape)))]).reshape(shape)
    out = OrderedDict()
    out["stem.0.weight"] = floats(channels, 3, 3, 3)
    out["stem.1.weight"], out["stem.1.bias"] = floats(channels), floats(channels)
    out["stem.1.running_mean"], out["stem.1.running_var"] = floats(channels), floats(channels).abs()
    out["stem.1.num_batches_tracked"] = torch.tensor(rng.randrange(1, 80000))
    out["classifier.weight"] = floats(10, channels)
    return out


def with_weights(state, salt):
    for (dataset, seed), trial in state["all_results"].items():
        trial["net_state_dict"] = weights(random.Random("%s/%s/%d" % (salt, dataset, seed)))
    state["clear_net_done"] = False
    return state


def irregular():
    """Everything odd that the reference still opens; see the README's list."""
    make = Maker("irregular")
    infos = {i: make.record(i, n, epochs=12) for i, n in ((8, 2), (2, 3), (30, 1))}
    a, b, c = (infos[i]["full"]["all_results"] for i in (8, 2, 30))
    less = infos[8]["less"]["all_results"]
    # numbers of many kinds
    a["cifar10", 777]["train_acc1es"][11] = 0
    a["cifar10", 888]["train_acc1es"][11] = np.float32(71.3)
    a["cifar10", 777]["eval_acc1es"]["ori-test@11"] = np.int64(64)
    for seed in (777, 888):
        a["cifar100", seed]["train_losses"][11] = np.float32(0.1 + seed)      # their mean is a float32 as well
    a["cifar100", 777]["flop"], a["cifar100", 888]["flop"] = 15, np.float64(15.5)
    a["cifar100", 777]["params"] = 0.25
    a["cifar10-valid", 777]["train_losses"][0] = torch.tensor(2.302585)
    b["cifar10-valid", 888]["train_losses"][11] = torch.FloatTensor([1.25]).squeeze()
    a["cifar10-valid", 888]["train_losses"][11] = float("nan")
    less["cifar100", 111]["eval_acc1es"]["x-valid@11"] = float("nan")
    less["cifar100", 111]["eval_losses"]["x-test@11"] = float("inf")
    c["cifar10", 888]["train_times"] = {e: 7 for e in range(12)}
    c["cifar10", 888]["train_losses"][5] = -0.0
    # orders
    b["cifar100", 777]["train_times"] = OrderedDict((e, (e + 1) / 3) for e in reversed(range(12)))
    b["cifar100", 777]["train_acc1es"] = dict(sorted(b["cifar100", 777]["train_acc1es"].items(), reverse=True))
    b["cifar100", 777]["eval_acc1es"] = dict(sorted(b["cifar100", 777]["eval_acc1es"].items()))
    # what trials and records share
    b["cifar10", 777]["train_acc1es"] = b["cifar10", 999]["train_acc1es"]
    b["cifar10", 777]["eval_names"] = b["cifar10", 999]["eval_names"]
    c["ImageNet16-120", 888]["eval_times"] = a["ImageNet16-120", 777]["eval_times"]
    c["ImageNet16-120", 888]["train_acc1es"] = less["ImageNet16-120", 111]["train_acc1es"]
    c["ImageNet16-120", 888]["arch_config"] = dict(c["ImageNet16-120", 888]["arch_config"])
    # what is missing
    a["ImageNet16-120", 777]["train_times"] = None          # known of the second trial only
    b["ImageNet16-120", 888]["train_times"] = None          # known of the first and the third
    b["cifar10", 888]["eval_times"] = {}
    b["cifar10-valid", 777]["latency"] = None
    b["cifar10-valid", 888]["latency"] = [-1]
    c["cifar100", 888]["latency"] = [1, np.float64(0.5)]
    c["cifar100", 888]["train_acc5es"] = dict(c["cifar100", 888]["train_acc1es"])
    del infos[30]["less"]["all_results"]["cifar10", 111], infos[30]["less"]["dataset_seed"]["cifar10"]
    # other kinds of attributes
    a["cifar10", 888]["seed"] = 888
    a["cifar10", 777]["remark"] = ("unknown", {"nested": [1, 2.5, None]})
    a["cifar10", 777]["net_state_dict"] = weights(random.Random("irregular"))
    infos[8]["full"]["source"] = {"host": "synthetic", "tries": 3}
    infos[2]["less"] = OrderedDict(infos[2]["less"])
    # eval keys that are the same string objects throughout
    keys = {}
    for record in infos.values():
        for state in record.values():
            for trial in state["all_results"].values():
                for field in ("eval_acc1es", "eval_losses"):
                    trial[field] = {keys.setdefault(k, k): v for k, v in trial[field].items()}
    return OrderedDict(list(benchmark(infos).items()) + [("comment", "a key that nobody asks for")])


def nats_topology():
    make, infos = Maker("tss"), {}
    for index, plan in ((0, full(3)), (1, full(1)), (2, [(d, s) for s in (777, 999) for d in CLASSES])):
        infos[index] = OrderedDict([("12", make.state(index, LESS, 12)),
                                    ("200", make.state(index, plan, 200, LAST_ONLY, acc5=False))])
    # another network's costs: where there is a trial of seed 888, nats_bench trusts that one; else it fails
    for index in (0, 2):
        odd = infos[index]["200"]["all_results"]["cifar10", 777]
        odd["flop"], odd["params"] = 15.64737, np.float64(0.129306)
    return infos


def nats_size():
    make, infos = Maker("sss"), {}
    once = [(d, 777) for d in CLASSES]
    for index, plan in ((0, [(d, s) for s in (777, 888, 999) for d in CLASSES]), (3, once), (5, once)):
        infos[index] = OrderedDict((hp, make.state(index, plan if hp == "12" else once, int(hp), None, hp != "90", CHANNELS[index]))
                                   for hp in ("01", "12", "90"))
    return infos


def write_bz2(path, obj, protocol=4):
    write(path, bz2.compress(pickle.dumps(obj, protocol)))


def write_folder(name, meta_archs, infos):
    write_bz2(OUT / name / "meta.pickle.pbz2", {"meta_archs": meta_archs, "total_archs": len(meta_archs),
                                                "arch2infos": None, "evaluated_indexes": set()})
    for index, record in infos.items():
        write_bz2(OUT / name / ("%06d.pickle.pbz2" % index), record)


def main():
    published("NAS-Bench-201-v1_1", legacy(v1_1()))
    published("NAS-Bench-201-v1_0", legacy(v1_0()))

    make = Maker("zip")
    write_zip(OUT / "v1_1-zip.pth", benchmark({1: make.record(1, 1), 0: make.record(0, 1)}, cells=2))
    for protocol in range(6):
        write(OUT / ("v1_1-protocol%d.pkl" % protocol), pickle.dumps(few_epochs("protocols"), protocol))
    write_bz2(OUT / "v1_1-protocol4.pickle.pbz2", few_epochs("protocols"))
    write(OUT / "instances.pth", instances())
    write(OUT / "irregular.pth", legacy(irregular()))
    write_zip(OUT / "irregular-zip.pth", irregular())

    make = Maker("archive")
    for index, trials in ((3, 1), (0, 2)):
        record = make.record(index, trials)
        write(OUT / "archive" / ("%06d-FULL.pth" % index),
              legacy({hp: with_weights(state, "%d/%s" % (index, hp)) for hp, state in record.items()}))

    infos = nats_topology()
    write_folder("NATS-tss-v1_0-small-simple", CELLS[:3], infos)
    write_bz2(OUT / "NATS-tss-v1_0-small.pickle.pbz2",
              {"meta_archs": CELLS[:3], "total_archs": 3, "arch2infos": {i: infos[i] for i in (2, 0, 1)},
               "evaluated_indexes": {2, 0, 1}})
    write_folder("NATS-sss-v1_0-small-simple", CHANNELS[:8], nats_size())


if __name__ == "__main__":
    repeatable()
    main()
