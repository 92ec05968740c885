"""Start the kernel of one submission, with limits on what it can take from the machine."""

import json
import os
import resource
import shutil
import sys

from ipykernel.iostream import OutStream


class BoundedStream(OutStream):
    """What is printed waits in the kernel's memory until it is read: no more of it than `most`."""

    most = printed = 0

    def set_parent(self, parent):
        """A new cell begins."""
        self.printed = 0
        return super().set_parent(parent)

    def write(self, text):
        self.printed += len(text)
        if self.printed > self.most:
            raise RuntimeError(f"this cell has printed more than {self.most:,} characters")
        return super().write(text)


def limit(name, value):
    number = getattr(resource, name, None)
    if number is not None:
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


if __name__ == "__main__":
    os.environ.pop("JPY_PARENT_PID", None)  # a number of outside, read when kernelapp is imported
    limits = json.loads(os.environ.pop("VITUTOR_LIMITS"))
    # Of data and not of addresses: PyTorch built for CUDA maps more than any limit would allow.
    limit("RLIMIT_DATA", int(limits["memory_gb"] * 2**30))
    limit("RLIMIT_FSIZE", int(limits["file_mb"] * 2**20))
    limit("RLIMIT_CORE", 0)
    if limits["processes"]:
        limit("RLIMIT_NPROC", limits["processes"])
    # Matplotlib's list of fonts takes seconds to make, and must lie where it can be written.
    shutil.copytree(os.environ.pop("VITUTOR_FONTS"), os.environ["MPLCONFIGDIR"], dirs_exist_ok=True)
    BoundedStream.most = limits["output"]
    sys.argv = ["ipykernel_launcher", *sys.argv[1:]]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance(outstream_class="__main__.BoundedStream")
