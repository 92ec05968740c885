"""Two processes, started as torchrun starts them, train as one process on the same batches does."""

import subprocess
import sys

import numpy as np
import torch

from vitutor import data, vae

SCRIPT = """
import sys
import numpy as np
from torch import distributed
from vitutor import data, vae

distributed.init_process_group("gloo")
x = data.digits()[0][:101]
m = vae.build(64, 3, hidden=8, seed=1, device="cpu")
h = vae.train(m, x[:61], validation=x[61:], n_epochs=5, batch_size=15, seed=4,
              checkpoint=sys.argv[1] + "/run.pt")
np.savez(f"{sys.argv[1]}/rank{distributed.get_rank()}.npz", elbo=h.elbo, kl=h.kl,
         validation=h.validation, weights=np.concatenate([p.detach().numpy().ravel()
                                                          for p in m.parameters()]))
distributed.destroy_process_group()
"""


def test_two_processes_train_as_one(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([*launch, script, tmp_path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    ranks = [np.load(tmp_path / f"rank{rank}.npz") for rank in range(2)]

    # 61 = 4 x 15 + 1: shares of 8 and 7, and a last batch that leaves one process without data.
    x = data.digits()[0][:101]
    alone = vae.build(64, 3, hidden=8, seed=1, device="cpu")
    history = vae.train(alone, x[:61], validation=x[61:], n_epochs=5, batch_size=15, seed=4)
    weights = torch.cat([p.detach().ravel() for p in alone.parameters()]).numpy()
    for rank in ranks:
        for name in ("elbo", "kl", "validation"):
            np.testing.assert_allclose(rank[name], getattr(history, name), rtol=1e-5)
        np.testing.assert_allclose(rank["weights"], weights, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(ranks[0]["weights"], ranks[1]["weights"])
    resumed = vae.build(64, 3, hidden=8, seed=1, device="cpu")
    again = vae.train(
        resumed,
        x[:61],
        validation=x[61:],
        n_epochs=5,
        batch_size=15,
        seed=4,
        checkpoint=tmp_path / "run.pt",
    )
    np.testing.assert_array_equal(again.elbo, ranks[0]["elbo"])
