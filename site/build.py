"""Make the site, offline but for the first fetch of MathJax:   python site/build.py [--states N]

The lessons come as they are committed, with their outputs; nothing is run. Pages of the course that
are kept elsewhere (glossary's first lessons, index of equations, benchmarks) are written from what
they are about. N is about how many states of each live figure are drawn beforehand.
"""

import argparse
import hashlib
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import assets
import pages

ROOT = Path(__file__).parent.parent
STATES = 400
# Where the reader has three sliders and more to bring to one place.
MORE = {"evidence_ledger": 5, "elbo_climb": 5}


def draw_states(name, n_states, folder):
    import frames

    from vitutor import widgets

    frames.write(name, getattr(widgets, name)(), n_states * MORE.get(name, 1), folder)


def live_figures(n_states, folder):
    """Draw every figure's states, unless the package and frames.py are what they were."""
    from vitutor import widgets

    sources = [*sorted((ROOT / "vitutor").rglob("*.py")), Path(__file__).with_name("frames.py")]
    digest = hashlib.sha256(str(n_states).encode())
    for source in sources:
        digest.update(source.read_bytes())
    stamp = folder / "of-this-source"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    folder.mkdir(parents=True, exist_ok=True)
    names = widgets.__all__
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(draw_states, names, [n_states] * len(names), [folder] * len(names)))
    stamp.write_text(digest.hexdigest())


def build(out, n_states):
    modules = assets.modules()
    work = out.with_name(f"{out.name}-work")
    source, states = work / "source", work / "states"
    live_figures(n_states, states)
    shutil.rmtree(source, ignore_errors=True)
    pages.write(source)
    static = source / "_static"
    shutil.copytree(Path(__file__).parent / "static", static)
    shutil.copytree(states, static / "states", ignore=shutil.ignore_patterns("of-this-source"))
    shutil.copy(modules / "mathjax" / "es5" / "tex-svg-full.js", static / "mathjax.js")
    # The same front end as in JupyterLab, as a plain script: pages opened as files load no modules.
    front_end = (ROOT / "vitutor" / "widgets" / "live_figure.js").read_text(encoding="utf-8")
    plain = front_end.replace("export default", "window.vitutorFigure =")
    (static / "live_figure.js").write_text(f"{{\n{plain}}}\n", encoding="utf-8")
    shutil.copy(ROOT / "vitutor" / "widgets" / "live_figure.css", static)

    from sphinx.cmd.build import main as sphinx

    shutil.rmtree(out, ignore_errors=True)
    options = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(work / "doctrees")]
    options += ["-c", str(Path(__file__).parent), "-D", f"html_static_path={static}"]
    return sphinx([*options, str(source), str(out)])


def main():
    parser = argparse.ArgumentParser(description="Make the site.")
    parser.add_argument("--states", type=int, default=STATES)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    options = parser.parse_args()
    try:
        failed = build(options.out.resolve(), options.states)
    except assets.Lacking as lacking:
        sys.exit(str(lacking))
    if failed:
        sys.exit(failed)
    print(f"The site is in {options.out}: open {options.out / 'index.html'}")


if __name__ == "__main__":
    main()
