"""search_reference.py FILE SCRIPTS: the reference's R_EA.py on cifar10 with seeds 0 to 9; one JSON line as search-ours.mjs'."""
import json
import os
import pathlib
import sys
import time
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test-fixtures/scripts"))
import make_search_traces as traces

file, scripts = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
with traces.reference_scripts(pathlib.Path(scripts)):
    import R_EA
    from nas_201_api import NASBench201API
    api = NASBench201API(file, verbose=False)
    arguments = dict(ea_cycles=200, ea_population=10, ea_sample_size=3, ea_fast_by_api=1)
    jobs = {}
    for job in ("10 R-EA runs, the first of a process", "10 R-EA runs"):
        start = time.perf_counter()
        with mock.patch.object(time, "time", lambda: 0.0):
            found = [traces.run(R_EA, api, "cifar10", seed, **arguments)[1] for seed in range(10)]
        jobs[job] = (time.perf_counter() - start) * 1000
print(json.dumps({"jobs": jobs, "found": found}))
