"""weight_sharing.py AUTODL ALGORITHM THREADS STEPS BATCH: what weight-sharing.mjs measures, of the reference's scripts
(a checkout of D-X-Y/AutoDL-Projects) on a CPU; one JSON line. They are changed as make_weight_sharing_traces.py says."""
import json
import os
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test-fixtures/scripts"))

import torch  # noqa: E402
from make_weight_sharing_traces import original_parts, prepared, seeded  # noqa: E402

autodl, algorithm, threads, steps, count = sys.argv[1:6]
name = {"darts-v1": "DARTS-V1", "darts-v2": "DARTS-V2", "random-nas": "RANDOM-NAS"}.get(algorithm, algorithm.upper())
count = int(count)
auto = prepared(pathlib.Path(autodl), [pathlib.Path(path) for path in os.environ["PYTHONPATH"].split(os.pathsep)])
torch.set_num_threads(int(threads))
seeded()
shape = dict(C=16, N=5)
parts = original_parts(auto, name, 0, shape)


def batch(number):
    values = torch.tensor([((i + 31 * number) * 7919) % 257 / 128 - 1 for i in range(count * 3072)])
    return values.view(count, 3, 32, 32), torch.tensor([(i * 3 + number) % 10 for i in range(count)])


loader = [batch(0) + batch(1)]
parts.scheduler.update(0, 0.0)
parts.step(loader)
cpu, wall = [], []
for _ in range(int(steps)):
    began, used = time.perf_counter(), time.process_time()
    parts.step(loader)
    cpu.append(time.process_time() - used)
    wall.append(time.perf_counter() - began)
print(json.dumps({"cpu": min(cpu), "wall": min(wall), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}))
