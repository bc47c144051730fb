"""archives_reference.py ARCHIVE: what archives-ours.mjs does, with tarfile and torch.load; one JSON line."""
import json
import resource
import sys
import tarfile
import time

import torch

bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
archive = tarfile.open(sys.argv[1])
members = archive.getmembers()
walked = (time.perf_counter() - start) * 1000
memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - bare) / 1024
start = time.perf_counter()
record = torch.load(archive.extractfile(members[-1]), map_location="cpu")
state = record["full"]["all_results"][("cifar10", 777)]["net_state_dict"]
size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
reading = (time.perf_counter() - start) * 1000
print(json.dumps({"walked": walked, "reading": reading, "memory": memory, "members": len(members), "bytes": size}))
