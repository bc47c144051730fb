"""reference.py FILE: the jobs of ours.mjs, asked of the reference; one JSON line."""
import json
import random
import resource
import sys
import time

from nas_201_api import NASBench201API

jobs = {}


def timed(name, count, work):
    start = time.perf_counter()
    result = work()
    jobs[name] = (time.perf_counter() - start) * 1000 / count
    return result


def each(picks, ask):
    for index in picks:
        ask(index)


random.seed(0)
bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
api = timed("open", 1, lambda: NASBench201API(sys.argv[1], verbose=False))
opened = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
indexes = api.evaluated_indexes
picks = [indexes[i * 7919 % len(indexes)] for i in range(min(1000, len(indexes)))]
for name in ("getMoreInfo, never touched before", "getMoreInfo, touched before"):
    timed(name, len(picks), lambda: each(picks, lambda i: api.get_more_info(i, "cifar100", hp="200", is_random=False)))
few = picks[:100]
timed("queryByIndex", len(few), lambda: each(few, lambda i: api.query_by_index(i, None, "200")))
timed("findBest, first call", 1, lambda: api.find_best("cifar10", "test", hp="200"))
timed("simulateTrainEval", len(few), lambda: each(few, lambda i: api.simulate_train_eval(i, "cifar10", hp="12")))
print(json.dumps({"jobs": jobs, "opening": (opened - bare) / 1024,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
