"""weights_reference.py FILE: what weights-ours.mjs does, with torch.load; one JSON line."""
import json
import resource
import sys
import time

import torch

bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
state = torch.load(sys.argv[1], map_location="cpu")["full"]["all_results"][("cifar10", 777)]["net_state_dict"]
size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
ms = (time.perf_counter() - start) * 1000
print(json.dumps({"ms": ms, "bytes": size, "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - bare) / 1024}))
