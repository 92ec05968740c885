"""Start the kernel of one submission, with limits on what it can take from the machine."""

import json
import os
import resource
import shutil
import sys


def limit(name, value):
    number = getattr(resource, name, None)
    if number is not None:
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


if __name__ == "__main__":
    os.environ.pop("JPY_PARENT_PID", None)  # a number of outside
    limits = json.loads(os.environ.pop("VITUTOR_LIMITS"))
    # Of data and not of addresses: PyTorch built for CUDA maps more than any limit would allow.
    limit("RLIMIT_DATA", int(limits["memory_gb"] * 2**30))
    limit("RLIMIT_FSIZE", int(limits["file_mb"] * 2**20))
    limit("RLIMIT_CORE", 0)
    if limits["processes"]:
        limit("RLIMIT_NPROC", limits["processes"])
    # Matplotlib's list of fonts takes seconds to make, and must lie where it can be written.
    shutil.copytree(os.environ.pop("VITUTOR_FONTS"), os.environ["MPLCONFIGDIR"], dirs_exist_ok=True)
    sys.argv = ["ipykernel_launcher", *sys.argv[1:]]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
