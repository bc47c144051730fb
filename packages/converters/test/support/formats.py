"""formats.py FILE.pth FORMAT=CONVERTED[=FOLDER]…: reads a benchmark by torch.load, and converted ones by each format's own
Python library, and says where they differ: one JSON line, by format how many numbers were compared, and differences.
FOLDER has the program that protoc made for pb."""
import json
import math
import struct
import sys

import torch

TRAIN = ("train_acc1es", "train_acc5es", "train_losses", "train_times")
EVAL = ("eval_acc1es", "eval_losses", "eval_times")


def number(value):
    """A number as its 64 bits, whatever it is in Python."""
    return struct.pack(">d", float(value)).hex() if not (isinstance(value, float) and math.isnan(value)) else "nan"


def curves(trial):
    """{(field, set, epoch): number} of the dicts in a trial of the original form."""
    out = {}
    for field in TRAIN + EVAL:
        for key, value in (trial.get(field) or {}).items():
            name, epoch = ("", key) if field in TRAIN else key.split("@")
            out[field, name, int(epoch)] = number(value)
    return out


def trial_of(trial):
    latency = trial.get("latency")
    return {
        "curves": curves(trial), "epochs": int(trial["epochs"]), "flop": number(trial["flop"]),
        "params": number(trial["params"]), "latency": latency and [number(v) for v in latency],
        "arch_config": dict(trial["arch_config"]), "eval_names": list(trial["eval_names"]), "seed": trial["seed"],
        "name": trial["name"],
    }


HP = {"less": "12", "full": "200"}


def of_pth(path):
    data = torch.load(path)
    return {(index, HP.get(hp, hp), dataset, seed): trial_of(trial)
            for index, record in data["arch2infos"].items() for hp, state in record.items()
            for (dataset, seed), trial in state["all_results"].items()}


def special(value):
    """What JSON has no word for."""
    if isinstance(value, dict) and "$float" in value:
        return float(value["$float"])
    return value["$float32"] if isinstance(value, dict) and "$float32" in value else value


def of_json_record(index, record):
    out = {}
    for hp, state in record.items():
        for dataset, trials in state["all_results"].items():
            for seed, trial in trials.items():
                for field in TRAIN + EVAL:
                    if trial.get(field):
                        trial[field] = {key: special(value) for key, value in trial[field].items()}
                out[index, HP.get(hp, hp), dataset, int(seed)] = trial_of(trial)
    return out


def of_json(path):
    with open(path) as f:
        data = json.load(f)
    out = {}
    for index, record in data["arch2infos"].items():
        out.update(of_json_record(int(index), record))
    return out


def of_jsonl(path):
    out = {}
    with open(path) as f:
        assert "meta_archs" in json.loads(next(f))
        for line in f:
            record = json.loads(line)
            out.update(of_json_record(record.pop("index"), record))
    return out


def with_attributes(trial, attributes):
    attributes = json.loads(attributes)
    return {**trial, **{name: attributes[name] for name in ("arch_config", "eval_names", "seed", "name")}}


def of_table(rows):
    """Rows of the table of trials."""
    out = {}
    for row in rows:
        numbers = {}
        for name, values in row.items():
            for prefix, set_name in (("train_", ""), ("x_valid_", "x-valid"), ("x_test_", "x-test"), ("ori_test_", "ori-test")):
                if name.startswith(prefix):
                    field = ("eval_" if set_name else "train_") + name[len(prefix):]
                    numbers.update({(field, set_name, epoch): number(value)
                                    for epoch, value in enumerate(values or []) if value is not None})
        latency = row["latency"]
        trial = {"curves": numbers, "epochs": row["epochs"], "flop": number(row["flops"]), "params": number(row["params"]),
                 "latency": latency and [number(v) for v in latency]}
        out[row["index"], row["hp"], row["dataset"], row["seed"]] = with_attributes(trial, row["attributes"])
    return out


def of_parquet(path):
    import pyarrow.parquet
    return of_table(pyarrow.parquet.read_table(path).to_pylist())


def of_arrow(path):
    import pyarrow
    with pyarrow.memory_map(path) as f:
        return of_table(pyarrow.ipc.open_file(f).read_all().to_pylist())


def varint(f):
    value = shift = 0
    while True:
        byte = f.read(1)[0]
        value |= (byte & 127) << shift
        if byte < 128:
            return value
        shift += 7


def of_pb(path, folder):
    """Message by message, with the program that protoc made of the description."""
    sys.path.insert(0, folder)
    import nas_bench_201_pb2 as pb
    out = {}
    with open(path, "rb") as f:
        assert f.read(1) == b"\x0a"
        header = pb.Header.FromString(f.read(varint(f)))
        assert header.version == 1 and len(header.meta_archs) > 0
        while f.read(1) == b"\x12":
            arch = pb.Architecture.FromString(f.read(varint(f)))
            for results in arch.results:
                for trial in results.trials:
                    numbers = {}
                    for field in TRAIN + EVAL:
                        for curve in getattr(trial, field).curves:
                            numbers.update({(field, curve.set, epoch): number(value)
                                            for epoch, value in enumerate(curve.values)
                                            if not curve.presence or curve.presence[epoch]})
                    latency = [number(v) for v in trial.latency.seconds]
                    none = trial.latency.none or not trial.HasField("latency")
                    plain = {"curves": numbers, "epochs": trial.epochs, "flop": number(trial.flop),
                             "params": number(trial.params), "latency": None if none else latency}
                    out[arch.index, results.hp, trial.dataset, trial.seed] = with_attributes(plain, trial.attributes)
    return out


READERS = {"json": of_json, "jsonl": of_jsonl, "parquet": of_parquet, "arrow": of_arrow, "pb": of_pb}


def compared(expected, found):
    wrong, count = [], 0
    for key in sorted(set(expected) | set(found), key=str):
        if key not in expected or key not in found:
            wrong.append("%s: only in %s" % (key, "the original" if key in expected else "the converted"))
            continue
        for part, value in expected[key].items():
            count += len(value) if part == "curves" else 1
            if value != found[key][part]:
                wrong.append("%s: %s: %.200s | %.200s" % (key, part, value, found[key][part]))
    return {"compared": count, "wrong": wrong[:10]}


original = of_pth(sys.argv[1])
print(json.dumps({name: compared(original, READERS[name](*rest))
                  for name, *rest in (argument.split("=") for argument in sys.argv[2:])}))
