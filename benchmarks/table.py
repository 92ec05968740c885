"""All that the benchmarks have measured, a row a claim: results/*.json into results/table.md.

Written last by `make bench`. A benchmark without results yet says so in its place.
"""

import json
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"
TITLES = {
    "estimators": "Estimators of log p(x)",
    "fit": "Fitting q",
    "vae_speed": "Training a VAE, milliseconds an epoch",
    "vae_gpu": "Training VAEs on a GPU, images a second",
    "vae_evaluate": "Bounds on a VAE's log p(x)",
    "vae_quality": "How good a VAE of the digits is, nats an image",
    "live_figures": "Live figures, from a key to the picture",
    "grading": "Grading homework",
    "imports": "Imports",
}
HEAD = "| this / that | this | that | ratio (quartiles) | wanted |\n|---|---:|---:|---:|---|\n"
QUALITY_HEAD = "| recipe | held-out log p | than the first recipe | wanted |\n|---|---:|---:|---|\n"


def seconds(value):
    return f"{value:.3g} s" if value >= 1 else f"{1e3 * value:.3g} ms"


def spread(ratio):
    return f"{ratio['median']:.2f} ({ratio['q25']:.2f}–{ratio['q75']:.2f})"


def timed(kept):
    """Rows of _timing.Table: times of ours and of another, and their paired ratio."""
    for row in kept["rows"]:
        ours, other = seconds(row["ours_s"]), seconds(row["other_s"])
        peak = f", {row['peak_mib']:.1f} MiB" if "peak_mib" in row else ""
        yield (
            row["claim"],
            f"{ours}{peak}",
            other,
            spread(row["ratio"]),
            row["target"].replace("<=", "≤"),
        )


def grading(kept):
    """One run of a class's submissions, so no quartiles."""
    claim = f"grading {kept['submissions']} submissions / nbgrader autograde, one by one"
    times = (seconds(kept[key]) for key in ("seconds", "nbgrader_seconds"))
    yield claim, *times, f"{kept['ratio']:.2f}", f"≤ {kept['target']}"


def vae_speed(kept):
    for row in kept["rows"]:
        faster = row["times_as_fast"]
        turned = {"q25": faster["q75"], "median": faster["median"], "q75": faster["q25"]}
        ratio = spread({name: 1 / value for name, value in turned.items()})
        claim = f"{row['contender']} / the PyTorch examples' VAE, {row['size']}"
        ours, other = (f"{row[key]:.1f}" for key in ("ms_an_epoch", "tutorial_ms_an_epoch"))
        wanted = f"≤ {1 / row['target']:.2f}" if row.get("target") else ""
        yield claim, ours, other, ratio, wanted


def vae_gpu(kept):
    for row in kept["rows"]:
        this, that = (f"{row[key]:,.0f}" for key in ("this", "that"))
        yield row["claim"], this, that, f"{row['this'] / row['that']:.2f}", row["target"]


def vae_quality(kept):
    """Its own columns: there is no ratio of nats."""
    yield f"mixture of 160 Bernoullis, by EM | {kept['mixture']:.2f} | |"
    for row in kept["rows"]:
        wanted = "" if row["target"] is None else f"≥ {row['target']}"
        gain = f"{row['gain']:+.2f} ± {row['gain_error']:.2f}" if row["gain_error"] else ""
        mean = f"{np.mean(row['log_p']):.2f}"
        yield f"{row['recipe']}, mean of three seeds | {mean} | {gain} | {wanted}"
        wanted = "" if row["target_of_three"] is None else f"≥ {row['target_of_three']}"
        yield f"{row['recipe']}, the three averaged | {row['average_of_three']:.2f} | | {wanted}"


def section(name, title):
    path = RESULTS / f"{name}.json"
    text = f"## {title}\n\n"
    if not path.exists():
        return f"{text}Not measured.\n"
    kept = json.loads(path.read_text(encoding="utf-8"))
    if name == "vae_quality":
        text += QUALITY_HEAD + "".join(f"| {row} |\n" for row in vae_quality(kept))
    else:
        read = {"vae_speed": vae_speed, "vae_gpu": vae_gpu, "grading": grading}.get(name, timed)
        text += HEAD + "".join(f"| {' | '.join(row)} |\n" for row in read(kept))
    return f"{text}\n`python benchmarks/{name}.py`, on {kept['machine']}.\n"


def text():
    return "\n".join(section(name, title) for name, title in TITLES.items())


if __name__ == "__main__":
    (RESULTS / "table.md").write_text(text(), encoding="utf-8")
    print(f"All results: {RESULTS / 'table.md'}")
