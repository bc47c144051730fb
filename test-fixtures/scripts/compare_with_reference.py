#!/usr/bin/env python3
"""Ask the reference random questions about any benchmark file and write them down with its answers.

  compare_with_reference.py FILE OUT.json [--questions 2000] [--seed 0] [--reference DIR]

The format is that of answers/benchmark (see the README), so that another reader can be asked the same questions. The
same file, seed and number give the same questions. DIR holds the unpacked nas_201_api 2.1 (else PYTHONPATH).
"""
import argparse
import os
import random

from reference import Interview, about, load_package, write_answers

SETS = {"cifar10-valid": ("x-valid", "ori-test"), "cifar10": ("ori-test",),
        "cifar100": ("x-valid", "x-test", "ori-test"), "ImageNet16-120": ("x-valid", "x-test", "ori-test")}
# of a hundred of the other questions
SHARES = {"get_more_info": 45, "ArchResults.get_metrics": 15, "get_cost_info": 10, "query_by_index": 8, "query_info_str_by_arch": 5,
          "simulate_train_eval": 5, "ResultsCount": 6, "query_index_by_arch": 3, "get_net_config": 3}
SLOW = ["find_best"] * 10 + ["statistics"] * 2         # these look at every architecture: few of them, and first


class Chooser:
    def __init__(self, q, seed):
        self.q, self.rng = q, random.Random(seed)
        self.indexes = sorted(q.api.arch2infos_dict)

    def where(self):
        """An architecture, hp and dataset; now and then one that the file does not hold."""
        index, hp = self.rng.choice(self.indexes), self.rng.choice(("12", "200"))
        held = self.q.api.arch2infos_dict[index][hp].dataset_seed
        dataset = self.rng.choice(list(SETS if self.rng.random() < 0.05 or not held else held))
        if self.rng.random() < 0.02:
            index = self.rng.randrange(-2, len(self.q.api) + 2)
        return index, hp, dataset, held.get(dataset, [])

    def epoch(self, hp):
        return self.rng.choice((None, None, int(hp) - 1, self.rng.randrange(int(hp)), self.rng.randrange(-1, int(hp) + 2)))

    def name(self, dataset):
        return self.rng.choice(("train",) + SETS[dataset] + ("valid",))

    def seed(self, seeds):
        return self.rng.choice(seeds) if seeds and self.rng.random() < 0.95 else 1

    def one(self, kind):
        q, (index, hp, dataset, seeds), chance = self.q, self.where(), self.rng.randrange(10 ** 6)
        if kind == "get_more_info":
            is_random = self.rng.choice((False, False, self.seed(seeds), True))
            q.ask(kind, _seed=chance if is_random is True else None, index=index, dataset=dataset, iepoch=self.epoch(hp),
                  hp=self.rng.choice((hp, hp, int(hp))), is_random=is_random)
        elif kind == "ArchResults.get_metrics":
            is_random = self.rng.choice((False, False, self.seed(seeds), True))
            q.ask(kind, _on={"index": index, "hp": hp}, _seed=chance if is_random is True else None, dataset=dataset,
                  setname=self.name(dataset), iepoch=self.epoch(hp), is_random=is_random)
        elif kind == "get_cost_info":
            q.ask(self.rng.choice((kind, kind, "get_latency")), index=index, dataset=dataset, hp=hp)
        elif kind == "query_by_index":
            q.ask(kind, arch_index=index, dataname=self.rng.choice((None, dataset, dataset)), hp=hp)
        elif kind == "query_info_str_by_arch":
            q.ask(kind, arch=index, hp=hp)
        elif kind == "simulate_train_eval":
            q.ask(kind, _seed=chance, arch=index, dataset=dataset.replace("-valid", ""), hp=hp)
        elif kind == "ResultsCount":
            on = {"index": index, "hp": hp, "dataset": dataset, "seed": self.seed(seeds)}
            call = self.rng.choice(("get_times", "get_train", "get_eval", "repr"))
            args = {"iepoch": self.epoch(hp)} if call in ("get_train", "get_eval") else {}
            if call == "get_eval":
                args["name"] = self.name(dataset)
            q.ask("ResultsCount." + call, _on=on, **args)
        elif kind == "query_index_by_arch":
            q.ask(kind, arch=q.api.meta_archs[index] if 0 <= index < len(q.api) else index)
        elif kind == "get_net_config":
            q.ask(kind, index=index, dataset=dataset)
        elif kind == "statistics":
            q.ask(kind, dataset=dataset, hp=hp)
        elif kind == "find_best":
            limits = {name: self.rng.uniform(low, high) for name, low, high in (("FLOP_max", 10, 220), ("Param_max", 0.1, 1.5))
                      if self.rng.random() < 0.3}
            q.ask(kind, dataset=dataset, metric_on_set=self.name(dataset), hp=hp, **limits)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file")
    options.add_argument("out")
    options.add_argument("--questions", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--reference")
    options = options.parse_args()
    package = load_package("nas_201_api", options.reference and os.path.abspath(options.reference))
    q = Interview(lambda: package.NASBench201API(options.file, verbose=False))
    q.open()
    if q.api is None:
        raise SystemExit(q.answers[0]["error"])
    chooser = Chooser(q, options.seed)
    slow = SLOW[:options.questions]
    for kind in slow + chooser.rng.choices(list(SHARES), list(SHARES.values()), k=options.questions - len(slow)):
        chooser.one(kind)
    write_answers(options.out, about(fixture=os.path.basename(options.file), api="NASBench201API", reference="nas-bench-201 2.1",
                                     opened="NASBench201API(path)", questions=options.questions, seed=options.seed), q.answers)


if __name__ == "__main__":
    main()
