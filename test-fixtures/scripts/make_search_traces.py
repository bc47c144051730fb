#!/usr/bin/env python3
"""Write ../searches: what the reference's search scripts do on a benchmark file.

  make_search_traces.py FILE --scripts AUTODL [--reference DIR] [--hpbandster DIR …] [--only NAME …]

FILE is what make_search_file.py writes (every architecture, and of each what the searches ask for), AUTODL a checkout of
D-X-Y/AutoDL-Projects, DIR as for the other scripts. BOHB needs hpbandster 0.7.4 with ConfigSpace below 0.7, NumPy below 2,
statsmodels and Pyro4 (importable, or in the folders of --hpbandster).

The scripts run as they are, with three things set: time.time() stands still, so that no real second is charged;
torch.cuda.is_available() is True, as they insist; torchvision and others, which they import and do not use, are stand-ins. In BOHB's
exact traces ConfigSpace's generator, which the script leaves unseeded, gets the run's seed; in the distributions it does not.
"""
import argparse
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import pathlib
import random
import sys
import tempfile
import time
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "searches"
UNUSED = ("torchvision", "PIL", "tqdm", "yaml", "matplotlib")  # imported by the scripts, where they are not installed
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
SHARED_ARGUMENTS = dict(data_path=None, search_space_name="nas-bench-201", max_nodes=4, channel=16, num_cells=5, workers=1,
                        print_freq=200, time_budget=12000, arch_nas_dataset=__file__)  # BOHB only looks whether there is such a file


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for modules that are imported and not used."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in UNUSED:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name)
        module.__path__, module.__spec__, module.__version__ = [], spec, "none"
        return module

    def exec_module(self, module):
        pass


class Recorder:
    """The benchmark, which remembers what it was asked since the last `begin`."""

    def __init__(self, api):
        self.api = api
        self.hp = None
        self.begin()

    def begin(self):
        self.asked = []

    def __getattr__(self, name):
        return getattr(self.api, name)

    def __str__(self):
        return str(self.api)

    def get_more_info(self, index, dataset, iepoch=None, hp="12", is_random=True):
        info = self.api.get_more_info(index, dataset, iepoch, hp=self.hp or hp, is_random=is_random)
        self.asked.append((index, info["valid-accuracy"], info["train-all-time"] + info["valid-per-time"]))
        return info


@contextlib.contextmanager
def reference_scripts(scripts, *folders):
    """Their modules can be imported, and run as if there were a GPU, from the folder in which they look for configs/."""
    sys.path[:0] = [str(scripts / "exps/NAS-Bench-201-algos"), str(scripts), *folders]
    sys.meta_path.append(Absent())
    import torch
    before = os.getcwd()
    os.chdir(scripts)
    with mock.patch.object(torch.cuda, "is_available", lambda: True):
        yield
    os.chdir(before)


def run(module, bench, dataset, seed, **more):
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, mock.patch.object(sys, "stdout", nowhere):
        module.args = argparse.Namespace(dataset=dataset, rand_seed=seed, save_dir=folder, **SHARED_ARGUMENTS, **more)
        if isinstance(bench, Recorder):
            bench.begin()
        return module.main(module.args, bench)


def summed(asked):
    total = 0
    for _, _, cost in asked:
        total += cost
    return total


def trace(dataset, seed, bench, paid, best, **more):
    return dict(dataset=dataset, seed=seed, paid=paid, seconds=summed(bench.asked[:paid]), best=best,
                next_seed=random.randint(1, 100000), asked=[index for index, _, _ in bench.asked],
                accuracies=[accuracy for _, accuracy, _ in bench.asked], **more)


def r_ea(bench, seeds):
    module = importlib.import_module("R_EA")
    evolve, ended = module.regularized_evolution, []

    def remember(*args):
        ended[:] = evolve(*args)
        return tuple(ended)

    module.regularized_evolution = remember
    for dataset in DATASETS:
        for seed in seeds:
            _, best = run(module, bench, dataset, seed, ea_cycles=200, ea_population=10, ea_sample_size=3, ea_fast_by_api=1)
            history, seconds = ended
            one = trace(dataset, seed, bench, len(history), best)
            assert one["seconds"] == seconds
            yield one


def random_search(bench, seeds):
    module = importlib.import_module("RANDOM")
    for dataset in DATASETS:
        for seed in seeds:
            _, best = run(module, bench, dataset, seed)
            yield trace(dataset, seed, bench, len(bench.asked) - 1, best)


def reinforce(bench, seeds):
    import torch
    module = importlib.import_module("reinforce")
    losses, policies = [], []
    backward, build = torch.Tensor.backward, module.Policy.__init__

    def remember(tensor, *args, **kwargs):
        losses.append(tensor.item())
        return backward(tensor, *args, **kwargs)

    def remembered(policy, *args):
        policies.append(policy)
        build(policy, *args)

    torch.Tensor.backward, module.Policy.__init__ = remember, remembered
    single = lambda numbers: [float("%.9g" % number) for number in numbers]  # 32-bit floats in as many digits as they need
    for rate, datasets, seeds in ((0.01, DATASETS, seeds), (0.5, DATASETS[:1], seeds[:3]), (0.001, DATASETS[:1], seeds[:3])):
        for dataset in datasets:
            for seed in seeds:
                losses.clear(), policies.clear()
                _, best = run(module, bench, dataset, seed, learning_rate=rate, EMA_momentum=0.9)
                parameters = policies[0].arch_parameters.detach().flatten().tolist()
                yield trace(dataset, seed, bench, len(losses), best, learning_rate=rate, losses=single(losses),
                            parameters=single(parameters))


def bohb_run(bench, dataset, seed, seeded):
    import logging
    logging.disable(logging.CRITICAL)
    module = importlib.import_module("BOHB")
    spaces = importlib.import_module("ConfigSpace")
    space = spaces.ConfigurationSpace
    with mock.patch.object(spaces, "ConfigurationSpace", lambda: space(seed=seed if seeded else None)):
        _, best, _ = run(module, bench, dataset, seed, strategy="sampling", min_bandwidth=0.3, num_samples=4, random_fraction=0.0,
                         bandwidth_factor=3, n_iters=50)
    return best


def paid_of(asked):
    total = 0
    for paid, (_, _, cost) in enumerate(asked):
        if total + cost > SHARED_ARGUMENTS["time_budget"]:
            return paid
        total += cost
    return len(asked)


def bohb(bench, seeds):
    for hp in ("12", "200"):
        for dataset in DATASETS:
            for seed in seeds[:4]:
                bench.hp = hp
                best = bohb_run(bench, dataset, seed, True)
                one = trace(dataset, seed, bench, paid_of(bench.asked), best, hp=hp)
                # Once no evaluation is paid for, losses are equal, and their order is up to NumPy's unstable sort.
                for key in ("asked", "accuracies"):
                    one[key] = one[key][:one["paid"]]
                del one["next_seed"]
                yield one


def bohb_distribution(bench, seeds):
    for hp, count in (("12", 200), ("200", 100)):
        bench.hp = hp
        found, paid = [], []
        for seed in range(count):
            found.append(bohb_run(bench, "cifar10", seed, False))
            paid.append(paid_of(bench.asked))
        yield dict(dataset="cifar10", hp=hp, seeds=count, found=found, paid=paid)


def draws(bench, seeds):
    """What torch and NumPy draw, one after another, of one generator."""
    import numpy
    import torch
    for seed in (0, 1, 7, 20201, 2 ** 31, 2 ** 32 - 1):
        torch.manual_seed(seed)
        probabilities = torch.softmax(torch.arange(5.0) * 0.3, 0)
        one = dict(seed=seed, torch=[
            ["randn", 30, torch.randn(30).tolist()], ["randn", 16, torch.randn(16).tolist()], ["randn", 15, torch.randn(15).tolist()],
            ["randn", 2, torch.randn(2).tolist()], ["rand", 7, torch.rand(7).tolist()],
            ["rand64", 7, torch.rand(7, dtype=torch.float64).tolist()], ["randn", 47, torch.randn(47).tolist()],
            ["categorical", 40, torch.multinomial(probabilities.expand(40, 5), 1, True).flatten().tolist()]],
            probabilities=probabilities.tolist())
        numpy.random.seed(seed)
        one["numpy"] = [["rand", 0, numpy.random.rand()]] + [["randint", n, int(numpy.random.randint(n))]
                                                            for n in (1, 2, 5, 5, 5, 7, 100, 12345, 2 ** 31, 2 ** 32)]
        one["numpy"] += [["choice", 0, int(numpy.random.choice(5, p=[0.2] * 5))] for _ in range(20)]
        yield one


SEARCHES = {"draws": draws, "r-ea": r_ea, "random": random_search, "reinforce": reinforce, "bohb": bohb, "bohb-distribution": bohb_distribution}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--scripts", required=True, type=pathlib.Path)
    parser.add_argument("--reference")
    parser.add_argument("--hpbandster", nargs="*", default=[])
    parser.add_argument("--only", nargs="*", default=list(SEARCHES), choices=list(SEARCHES))
    options = parser.parse_args()
    if options.reference:
        sys.path.insert(0, options.reference)
    with reference_scripts(options.scripts, *options.hpbandster):
        write(options.only, options.file)


def write(names, file):
    import numpy
    import torch
    from nas_201_api import NASBench201API
    bench = Recorder(NASBench201API(file, verbose=False))
    real = time.time
    for name in names:
        began = real()
        # hpbandster waits for its threads by the clock, and the script charges no real seconds.
        still = mock.MagicMock() if name.startswith("bohb") else mock.patch.object(time, "time", lambda: 0.0)
        with still:
            runs = list(SEARCHES[name](bench, list(range(10))))
        about = dict(search=name, budget=SHARED_ARGUMENTS["time_budget"], versions=dict(
            python=sys.version.split()[0], torch=torch.__version__, numpy=numpy.__version__))
        lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in runs)
        (OUT / (name + ".json")).write_text('{"about":%s,\n"runs":[\n%s\n]}\n' % (json.dumps(about), lines))
        print("%s: %d runs, %.0f s" % (name, len(runs), real() - began), file=sys.stderr)


if __name__ == "__main__":
    main()
