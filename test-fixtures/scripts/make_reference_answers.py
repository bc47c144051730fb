#!/usr/bin/env python3
"""Ask the reference packages about every benchmark fixture and write test-fixtures/answers/benchmark/*.json.

  make_reference_answers.py [--reference DIR] [--reference-1-3 DIR] [--nats DIR]

DIR is a folder that holds the unpacked package (nas_201_api 2.1, nas_201_api 1.3, nats_bench 1.8); what is not given
is taken from PYTHONPATH, and version 1.3 is left out.
"""
import argparse
import os

from reference import Interview, about, load_package, read, read_instances, write_answers
from writing import FIXTURES

BENCHMARK, ANSWERS = FIXTURES / "benchmark", FIXTURES / "answers" / "benchmark"
DATASETS = ("cifar10-valid", "cifar10", "cifar100", "ImageNet16-120")
SETS = {"cifar10-valid": ("x-valid", "ori-test"), "cifar10": ("ori-test",),
        "cifar100": ("x-valid", "x-test", "ori-test"), "ImageNet16-120": ("x-valid", "x-test", "ori-test")}
SOME_EPOCHS = {"12": (None, 0, 5, 11), "200": (None, 0, 5, 11, 150), "01": (None, 0), "90": (None, 0, 5, 60)}
CELL = "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"
UNKNOWN = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def seeds_of(api, index, hp, dataset):
    return api.arch2infos_dict[index][hp].dataset_seed.get(dataset, [])


def identity(q, absent):
    """What the whole space answers: length, names, indexes."""
    q.ask("len"); q.ask("repr"); q.ask("iterate"); q.ask("evaluated_indexes"); q.ask("avaliable_hps")
    n = len(q.api)
    for index in (0, 1, n - 1, -1, n, -n - 1):
        q.ask("getitem", index=index)
        q.ask("arch", index=index)
        q.ask("query_index_by_arch", arch=index)
    for arch in (q.api[0], q.api[n - 1], q.api[n // 2] + " ", UNKNOWN, "", None, 0.5):
        q.ask("query_index_by_arch", arch=arch)
    q.ask("random", _seed=7, _repeat=50)
    for dataset in DATASETS + ("cifar",):
        for hp in ("12", "200", 12):
            q.ask("statistics", dataset=dataset, hp=hp)
    for arch in (q.api[0], CELL):
        q.ask("str2lists", arch_str=arch)
        q.ask("str2matrix", arch_str=arch)
    for arch in ("|bad_op~0|", "|none|", "|none~0~1|", "none~0", "", "|none~0|+|none~9|", "|none~x|"):
        q.ask("str2lists", arch_str=arch)
        q.ask("str2matrix", arch_str=arch)
    q.ask("str2matrix", arch_str="|a~0|+|b~0|a~1|", search_space=["b", "a"])
    for index in (absent, n, -1):
        q.ask("show", index=index)


def strings(q, indexes, absent, hps):
    """Texts for people, and the objects' own texts."""
    for index in indexes:
        q.ask("show", index=index)
        for hp in hps:
            q.ask("query_info_str_by_arch", arch=index, hp=hp)
    q.ask("query_info_str_by_arch", arch=q.api[indexes[0]], hp=hps[-1])
    q.ask("query_info_str_by_arch", arch=q.api[indexes[0]])
    q.ask("query_by_arch", arch=q.api[indexes[-1]], hp=hps[0])
    for arch, hp in ((UNKNOWN, hps[0]), (absent, hps[0]), (indexes[0], "13"), (indexes[0], 12), (len(q.api), hps[0])):
        q.ask("query_info_str_by_arch", arch=arch, hp=hp)
    for index in list(indexes) + [absent]:
        for hp in hps:
            q.ask("query_by_index", arch_index=index, hp=hp)
            q.ask("query_meta_info_by_index", arch_index=index, hp=hp)
            for dataset in DATASETS:
                q.ask("query_by_index", arch_index=index, dataname=dataset, hp=hp)
    q.ask("query_by_index", arch_index=indexes[0])
    q.ask("query_by_index", arch_index=indexes[0], dataname="cifar")
    q.ask("query_by_index", arch_index=indexes[0], hp=12)
    q.ask("query_meta_info_by_index", arch_index=indexes[0], hp="13")


def more_info(q, indexes, absent, hps):
    for index in indexes:
        for hp in hps:
            for dataset in DATASETS:
                seeds = seeds_of(q.api, index, hp, dataset)
                for iepoch in SOME_EPOCHS[hp]:
                    for is_random in [False] + (seeds if iepoch in (None, 5) else seeds[:1]):
                        q.ask("get_more_info", index=index, dataset=dataset, iepoch=iepoch, hp=hp, is_random=is_random)
                q.ask("get_more_info", index=index, dataset=dataset, iepoch=None, hp=hp, is_random=123)
    index, hp = indexes[0], hps[0]
    for args in ({"hp": int(hp)}, {"hp": int(hps[-1])}, {"hp": "13"}, {"index": absent}, {"index": len(q.api)},
                 {"index": UNKNOWN}, {"index": q.api[index]}, {"dataset": "cifar"}, {"iepoch": -1}, {"iepoch": 12, "hp": "12"},
                 {"iepoch": 200, "hp": hps[-1]}, {"is_random": "777"}, {"is_random": 0}):
        q.ask("get_more_info", **{"index": index, "dataset": "cifar10-valid", "iepoch": None, "hp": hp, "is_random": False, **args})
    q.ask("get_more_info", _seed=7, index=index, dataset="cifar10-valid")       # 12 epochs and a random trial are the default


def chances(q, indexes, hps):
    """Random trials, and the simulated clock."""
    most = max(indexes, key=lambda i: max(len(seeds_of(q.api, i, hp, "cifar100")) for hp in hps))
    for index, hp, dataset, times in ((most, hps[-1], "cifar10-valid", 50), (most, hps[-1], "cifar100", 10), (most, hps[0], "cifar10-valid", 10)):
        q.ask("get_more_info", _seed=7, _repeat=times, index=index, dataset=dataset, iepoch=5, hp=hp, is_random=True)
    q.ask("ArchResults.get_metrics", _on={"index": most, "hp": hps[-1]}, _seed=7, _repeat=20, dataset="cifar100", setname="x-test",
          is_random=True)
    q.ask("used_time")
    for n, index in enumerate(indexes):
        for dataset in DATASETS[1:] + (("cifar10-valid",) if n == 0 else ()):
            for hp in hps:
                q.ask("simulate_train_eval", _seed=n, arch=index, dataset=dataset, hp=hp)
    q.ask("used_time")
    q.ask("simulate_train_eval", _seed=1, arch=q.api[indexes[0]], dataset="cifar10")
    q.ask("simulate_train_eval", _seed=1, arch=indexes[0], dataset="cifar100", hp=hps[-1], account_time=False)
    q.ask("used_time"); q.ask("reset_time"); q.ask("used_time")
    q.ask("simulate_train_eval", _seed=2, _repeat=10, arch=most, dataset="cifar10", hp=hps[-1])
    q.ask("used_time")


def best(q, hps, flop="FLOP_max", param="Param_max", **more):
    for hp in hps:
        for dataset in DATASETS:
            names = SETS[dataset] + ("train",) + ("valid", "test")
            for name in names:
                q.ask("find_best", dataset=dataset, metric_on_set=name, hp=hp, **more)
            infos = [record[hp] for record in q.api.arch2infos_dict.values() if dataset in record[hp].dataset_seed]
            trials = [info.query(dataset, info.dataset_seed[dataset][0]) for info in infos]
            if not trials:
                continue
            flops, params = (sorted(float(getattr(t, x)) for t in trials)[len(trials) // 2] for x in ("flop", "params"))
            name = SETS[dataset][0]
            for limit in ({flop: flops}, {param: params}, {flop: flops, param: params},
                          {flop: 0.001}, {param: 0}):
                q.ask("find_best", dataset=dataset, metric_on_set=name, hp=hp, **more, **limit)
    q.ask("find_best", dataset="cifar10", metric_on_set="valid", **more)
    q.ask("find_best", dataset="cifar", metric_on_set="valid", **more)
    q.ask("find_best", dataset="cifar10", metric_on_set="x-valid", **more)
    q.ask("find_best", dataset="cifar10", metric_on_set="valid", hp=12, **more)


def costs(q, indexes, absent, hps):
    for index in indexes:
        for dataset in DATASETS:
            q.ask("get_net_config", index=index, dataset=dataset)
            for hp in hps:
                q.ask("get_cost_info", index=index, dataset=dataset, hp=hp)
                q.ask("get_latency", index=index, dataset=dataset, hp=hp)
    q.ask("get_latency", index=indexes[0], dataset="cifar100")
    q.ask("get_cost_info", index=indexes[0], dataset="cifar")
    q.ask("get_cost_info", index=absent, dataset="cifar100")
    q.ask("get_cost_info", index=indexes[0], dataset="cifar100", hp=12)
    q.ask("get_net_config", index=absent, dataset="cifar100")
    q.ask("get_net_config", index=indexes[0], dataset="cifar")


def arch_results(q, indexes, hps):
    for index in indexes:
        for hp in hps:
            on = {"index": index, "hp": hp}
            q.ask("ArchResults.repr", _on=on); q.ask("ArchResults.arch_idx_str", _on=on)
            q.ask("ArchResults.get_dataset_names", _on=on); q.ask("ArchResults.get_total_epoch", _on=on)
            for dataset in DATASETS:
                q.ask("ArchResults.get_dataset_seeds", _on=on, dataset=dataset)
                q.ask("ArchResults.get_total_epoch", _on=on, dataset=dataset)
                q.ask("ArchResults.get_compute_costs", _on=on, dataset=dataset)
                q.ask("ArchResults.get_latency", _on=on, dataset=dataset)
                q.ask("ArchResults.query", _on=on, dataset=dataset)
                for name in ("train",) + SETS[dataset]:
                    for iepoch in SOME_EPOCHS[hp][:3]:
                        q.ask("ArchResults.get_metrics", _on=on, dataset=dataset, setname=name, iepoch=iepoch)
                    for seed in seeds_of(q.api, index, hp, dataset)[-1:]:
                        q.ask("ArchResults.get_metrics", _on=on, dataset=dataset, setname=name, is_random=seed)
    on = {"index": indexes[0], "hp": hps[0]}
    for args in ({"setname": "valid"}, {"setname": "test"}, {"iepoch": 12}, {"iepoch": -1}, {"is_random": 5},
                 {"is_random": 0.5}, {"dataset": "cifar"}):
        q.ask("ArchResults.get_metrics", _on=on, **{"dataset": "cifar10-valid", "setname": "x-valid", **args})
    q.ask("ArchResults.query", _on=on, dataset="cifar10-valid", seed=111)
    q.ask("ArchResults.query", _on=on, dataset="cifar10-valid", seed=5)
    q.ask("ArchResults.get_total_epoch", _on=on, dataset=5)


def results_counts(q, indexes, hps):
    for index in indexes:
        for hp in hps:
            for dataset in DATASETS:
                for seed in seeds_of(q.api, index, hp, dataset):
                    on = {"index": index, "hp": hp, "dataset": dataset, "seed": seed}
                    q.ask("ResultsCount.repr", _on=on); q.ask("ResultsCount.get_times", _on=on)
                    q.ask("ResultsCount.get_latency", _on=on); q.ask("ResultsCount.get_eval_set", _on=on)
                    q.ask("ResultsCount.get_config", _on=on, str2structure=None)
                    q.ask("ResultsCount.get_total_epoch", _on=on)
                    q.ask("ResultsCount.get_train", _on=on)
                    for iepoch in SOME_EPOCHS[hp][1:3]:
                        q.ask("ResultsCount.get_train", _on=on, iepoch=iepoch)
                    for name in SETS[dataset] + ("valid", "test"):
                        q.ask("ResultsCount.get_eval", _on=on, name=name)
                    q.ask("ResultsCount.get_eval", _on=on, name=SETS[dataset][0], iepoch=5)
                    q.ask("ResultsCount.get_eval", _on=on, name="x-test", iepoch=3)
    q.ask("ResultsCount.get_train", _on=on, iepoch=-1)
    q.ask("ResultsCount.get_eval", _on=on, name="ori-test", iepoch=1000)


def weights(q, indexes, hps):
    for index in indexes:
        for hp in hps:
            q.ask("get_net_param", index=index, dataset="cifar10-valid", seed=None, hp=hp)
            for dataset in DATASETS[1:]:
                for seed in seeds_of(q.api, index, hp, dataset)[:1]:
                    q.ask("get_net_param", index=index, dataset=dataset, seed=seed, hp=hp)
    q.ask("get_net_param", index=indexes[0], dataset="cifar100", seed=5)


def changes(q, index, hps):
    """What resetting numbers changes: on a copy first (the API keeps its own), then in the API."""
    hp = hps[-1]
    arch = {"held": True}

    def now(seed):
        for call in ("get_compute_costs", "get_latency"):
            q.ask("ArchResults." + call, _on=arch, dataset="cifar10-valid")
        for name in ("train", "x-valid", "ori-test"):
            q.ask("ArchResults.get_metrics", _on=arch, dataset="cifar10-valid", setname=name)
        trial = {"held": True, "dataset": "cifar10-valid", "seed": seed}
        q.ask("ResultsCount.get_times", _on=trial); q.ask("ResultsCount.get_latency", _on=trial)
        q.ask("ResultsCount.get_train", _on=trial, iepoch=5)

    q.ask("hold", index=index, hp=hp)
    seeds = seeds_of(q.api, index, hp, "cifar10-valid")
    now(seeds[-1])
    q.ask("ArchResults.reset_latency", _on=arch, dataset="cifar10-valid", seed=seeds[0], latency=0.5); now(seeds[0])
    q.ask("ArchResults.reset_latency", _on=arch, dataset="cifar10-valid", seed=None, latency=0.25); now(seeds[-1])
    q.ask("ArchResults.reset_pseudo_train_times", _on=arch, dataset="cifar10-valid", seed=seeds[0], estimated_per_epoch_time=3.3); now(seeds[0])
    q.ask("ArchResults.reset_pseudo_train_times", _on=arch, dataset="cifar10-valid", seed=None, estimated_per_epoch_time=0.1); now(seeds[-1])
    q.ask("ArchResults.reset_pseudo_eval_times", _on=arch, dataset="cifar10-valid", seed=seeds[0], eval_name="x-valid", estimated_per_epoch_time=0.7)
    now(seeds[0])
    q.ask("ArchResults.reset_pseudo_eval_times", _on=arch, dataset="cifar10-valid", seed=None, eval_name="ori-test", estimated_per_epoch_time=2)
    now(seeds[-1])
    q.ask("ArchResults.reset_pseudo_eval_times", _on=arch, dataset="cifar10-valid", seed=None, eval_name="x-test", estimated_per_epoch_time=2)
    q.ask("ArchResults.reset_latency", _on=arch, dataset="cifar10-valid", seed=5, latency=1.0)
    q.ask("ResultsCount.update_latency", _on={"held": True, "dataset": "cifar10-valid", "seed": seeds[0]}, latency=[1, 2.5])
    q.ask("ArchResults.get_latency", _on=arch, dataset="cifar10-valid")
    q.ask("ArchResults.clear_params", _on=arch)
    q.ask("ArchResults.repr", _on=arch)
    # the API's own records are as they were
    q.ask("get_cost_info", index=index, dataset="cifar10-valid", hp=hp)
    q.ask("query_by_index", arch_index=index, hp=hp)


def clearing(q, index, hps):
    for hp in (hps[0], int(hps[-1]), None, "13"):
        q.ask("clear_params", index=index, hp=hp)
        for each in hps:
            q.ask("query_by_index", arch_index=index, hp=each)
            q.ask("get_net_param", index=index, dataset="cifar10-valid", seed=None, hp=each)


def nas_bench_201(q, hps=("12", "200"), few=False):
    q.open()
    indexes = sorted(q.api.arch2infos_dict)
    absent = next((i for i in range(len(q.api)) if i not in indexes), len(q.api) + 1)
    identity(q, absent)
    strings(q, indexes, absent, hps)
    more_info(q, indexes[:2] if few else indexes, absent, hps)
    chances(q, indexes, hps)
    best(q, hps)
    costs(q, indexes, absent, hps)
    arch_results(q, indexes[:2], hps)
    results_counts(q, indexes[-1:] if few else indexes[-2:], hps)
    weights(q, indexes[:2], hps)
    changes(q, indexes[0], hps)
    q.ask("get_net_config", index=indexes[0], dataset="cifar10")


def reloading(q, hps=("12", "200")):
    """The per-architecture files of archive/ replace what the benchmark file says."""
    q.open()
    q.ask("reload", archive_root="archive", index=3)
    q.ask("reload", archive_root="archive", index=0)
    for index in (0, 3):
        q.ask("show", index=index)
        for dataset in DATASETS:
            for hp in hps:
                for iepoch in (None, 5):
                    q.ask("get_more_info", index=index, dataset=dataset, iepoch=iepoch, hp=hp, is_random=False)
                q.ask("get_cost_info", index=index, dataset=dataset, hp=hp)
    weights(q, (0, 3), hps)
    q.ask("query_by_index", arch_index=3, hp="200")
    q.ask("find_best", dataset="cifar10", metric_on_set="valid", hp="200")
    clearing(q, 3, hps)
    q.ask("reload", archive_root="archive", index=9)
    q.ask("reload", archive_root="archive", index=60)
    q.ask("reload", archive_root="nowhere", index=3)
    q.ask("reload", archive_root="archive")
    q.ask("get_net_param", index=3, dataset="cifar100", seed=888, hp="200")     # index 3 was not loaded again


def version_1_3(q):
    """Callers of version 1.3 say use_12epochs_result in place of hp, and their default is 200 epochs."""
    q.open()
    indexes = sorted(q.api.arch2infos_full)
    q.ask("len"); q.ask("repr"); q.ask("random", _seed=7, _repeat=5)
    for arch in (q.api[3], UNKNOWN, 3, None):
        q.ask("query_index_by_arch", arch=arch)
    for index in (0, 59, 60, -1):
        q.ask("arch", index=index)
    for index in (0, 2, 41, 60, -1):
        q.ask("show", index=index)
    for less in (True, False):
        for index in indexes:
            for dataset in DATASETS:
                for iepoch in (None, 5):
                    q.ask("get_more_info", index=index, dataset=dataset, iepoch=iepoch, use_12epochs_result=less, is_random=False)
            for dataset in ("cifar10-valid", "cifar100"):
                q.ask("query_by_index", arch_index=index, dataname=dataset, use_12epochs_result=less)
                q.ask("get_cost_info", index=index, dataset=dataset, use_12epochs_result=less)
                q.ask("get_latency", index=index, dataset=dataset, use_12epochs_result=less)
            q.ask("query_by_index", arch_index=index, use_12epochs_result=less)
            q.ask("query_meta_info_by_index", arch_index=index, use_12epochs_result=less)
            q.ask("query_by_arch", arch=index, use_12epochs_result=less)
        q.ask("get_more_info", _seed=7, _repeat=5, index=41, dataset="cifar10-valid", use_12epochs_result=less, is_random=True)
        q.ask("get_more_info", index=41, dataset="cifar10-valid", use_12epochs_result=less, is_random=777)
        for dataset in DATASETS:
            for name in SETS[dataset] + ("train",):
                q.ask("find_best", dataset=dataset, metric_on_set=name, use_12epochs_result=less)
        q.ask("find_best", dataset="cifar100", metric_on_set="x-test", FLOP_max=100, use_12epochs_result=less)
        q.ask("find_best", dataset="cifar10", metric_on_set="valid", use_12epochs_result=less)
        q.ask("find_best", dataset="cifar10-valid", metric_on_set="valid", use_12epochs_result=less)
        q.ask("statistics", dataset="cifar10", use_12epochs_result=less)
        q.ask("get_net_param", index=41, dataset="cifar10", seed=None, use_12epochs_result=less)
    q.ask("get_more_info", index=0, dataset="cifar100", is_random=False)
    q.ask("find_best", dataset="cifar10-valid", metric_on_set="x-valid")
    q.ask("query_by_arch", arch=q.api[9]); q.ask("query_by_arch", arch=UNKNOWN); q.ask("query_by_arch", arch=2)
    q.ask("query_by_index", arch_index=9); q.ask("query_by_index", arch_index=2)
    q.ask("query_by_index", arch_index=9, dataname="cifar")
    q.ask("get_more_info", index=q.api[9], dataset="cifar10")
    q.ask("get_net_config", index=9, dataset="cifar100")
    q.ask("clear_params", index=9, use_12epochs_result=None)
    q.ask("reload", archive_root="archive", index=3)
    q.ask("get_more_info", index=3, dataset="cifar100", is_random=False)


def nats(q, hps, files, absent):
    """A NATS-Bench folder (fast mode: records are read when they are asked for) or its single file."""
    q.open()
    for name in ("len", "repr", "iterate", "evaluated_indexes", "avaliable_hps", "full_train_epochs", "search_space_name",
                 "fast_mode", "is_size", "is_topology", "full_epochs_in_paper"):
        q.ask(name)
    n = len(q.api)
    for index in (0, n - 1, n, -1):
        q.ask("arch", index=index); q.ask("query_index_by_arch", arch=index)
    for arch in (q.api[0], "8:8", UNKNOWN):
        q.ask("query_index_by_arch", arch=arch)
    q.ask("random", _seed=7, _repeat=20)
    q.ask("find_best", dataset="cifar10", metric_on_set="valid", enforce_all=False)     # nothing was read yet in fast mode
    q.ask("statistics", dataset="cifar10", hp=hps[-1])
    for index in files:
        q.ask("show", index=index)
    q.ask("repr"); q.ask("evaluated_indexes"); q.ask("avaliable_hps")
    q.ask("show", index=n)
    q.ask("show", index=-1)
    strings(q, files, absent, hps)
    more_info(q, files, absent, hps)
    chances(q, files, hps)
    best(q, hps, "flop_max", "param_max", enforce_all=False)
    for args in ({}, {"enforce_all": True}):
        q.ask("find_best", dataset="cifar10", metric_on_set="valid", hp=hps[-1], **args)
        q.ask("find_best", dataset="cifar100", metric_on_set="test", hp=hps[0], **args)
    for dataset in DATASETS:
        for hp in hps:
            q.ask("statistics", dataset=dataset, hp=hp)
    costs(q, files, absent, hps)
    arch_results(q, files, hps)
    results_counts(q, files[:1], hps)
    changes(q, files[0], hps)
    if hasattr(q.api, "str2lists"):
        for arch in (q.api[0], CELL, "|none|", "|bad~0|"):
            q.ask("str2lists", arch_str=arch); q.ask("str2matrix", arch_str=arch)
            q.ask("get_unique_str", arch=arch)
        for index in range(n):
            q.ask("get_unique_str", arch=index)
    q.ask("simulate_train_eval", _seed=3, arch=files[0], dataset="cifar100", iepoch=5, hp=hps[-1])
    q.ask("simulate_train_eval", _seed=3, arch=files[0], dataset="cifar10", iepoch=0, hp=hps[-1])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--reference")
    options.add_argument("--reference-1-3")
    options.add_argument("--nats")
    options = options.parse_args()
    folders = {name: folder and os.path.abspath(folder) for name, folder in vars(options).items()}
    os.chdir(BENCHMARK)        # texts that name a file then do not depend on the machine
    current = load_package("nas_201_api", folders["reference"])

    def opener(path, data=None):
        return lambda: current.NASBench201API(data if data is not None else path, verbose=False)

    def save(name, q, **more):
        write_answers(str(ANSWERS / (name + ".json")), about(**{"fixture": name, **more}), q.answers)

    v1_1, = BENCHMARK.glob("NAS-Bench-201-v1_1-*.pth")
    v1_0, = BENCHMARK.glob("NAS-Bench-201-v1_0-*.pth")
    for old in ANSWERS.glob("*NAS-Bench-201-*.json"):       # of an earlier fixture: its name carries its MD5
        if v1_1.name not in old.name and v1_0.name not in old.name:
            old.unlink()
    plain_201 = {"api": "NASBench201API", "reference": "nas-bench-201 2.1", "opened": "NASBench201API(path)"}
    for name, few in ((v1_1.name, False), (v1_0.name, False), ("v1_1-zip.pth", True), ("irregular.pth", False)):
        q = Interview(opener(name))
        nas_bench_201(q, few=few)
        if name == v1_1.name:
            reloading(q)
        if name == "irregular.pth":
            other = Interview(opener("irregular-zip.pth"))
            nas_bench_201(other)
            differing = {a["call"] for a, b in zip(q.answers, other.answers) if a != b}
            assert differing <= {"repr", "show"}, differing       # they print the file's name
            clearing(q, 8, ("12", "200"))
            save(name, q, **plain_201, also=["irregular-zip.pth"])
        else:
            save(name, q, **plain_201)

    as_dict = {**plain_201, "opened": "NASBench201API(pickle.load(file))"}
    names = ["v1_1-protocol%d.pkl" % p for p in range(6)] + ["v1_1-protocol4.pickle.pbz2"]
    rounds = []
    for name in names:
        q = Interview(opener(name, read(name)))
        nas_bench_201(q, few=True)
        rounds.append(q)
        assert q.answers == rounds[0].answers, name
    save(names[0], rounds[0], **as_dict, also=names[1:])

    q = Interview(opener("instances.pth", read_instances("instances.pth", current)))
    nas_bench_201(q)
    save("instances.pth", q, **{**plain_201, "opened": "NASBench201API(torch.load(path)) after .state_dict() of every instance "
                                               "(the reference itself refuses instances)"})

    package = load_package("nats_bench", folders["nats"])
    topology, size = ("12", "200"), ("01", "12", "90")
    for name, fast, hps, files, absent in (("NATS-tss-v1_0-small-simple", True, topology, (0, 1, 2), 3),
                                           ("NATS-tss-v1_0-small.pickle.pbz2", False, topology, (0, 1, 2), 3),
                                           ("NATS-sss-v1_0-small-simple", True, size, (0, 3, 5), 4)):
        kind = package.NATSsize if hps == size else package.NATStopology
        q = Interview(lambda: kind(name, fast_mode=fast, verbose=False))
        nats(q, hps, files, absent)
        save(name, q, api=kind.__name__, reference="nats-bench 1.8", opened="%s(path, fast_mode=%s)" % (kind.__name__, fast))

    if folders["reference_1_3"]:
        old = load_package("nas_201_api", folders["reference_1_3"])
        q = Interview(lambda: old.NASBench201API(v1_1.name, verbose=False), prefix="v1.3:")
        version_1_3(q)
        save("v1.3-" + v1_1.name, q, **{**plain_201, "reference": "nas-bench-201 1.3", "fixture": v1_1.name})


if __name__ == "__main__":
    main()
