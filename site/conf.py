"""Sphinx's settings; `make site` runs it (build.py) on pages that pages.py has written."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import docstrings
from docutils import nodes

import vitutor

project = "vitutor"
author = "vitutor contributors"
copyright = "vitutor contributors; text and pictures CC BY 4.0, code MIT"
release = vitutor.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton"]
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"
default_role = "literal"

html_context = {"default_mode": "light"}
html_favicon = str(Path(__file__).parent / "static" / "favicon.svg")
html_theme = "sphinx_book_theme"
html_title = "vitutor: variational inference, beside the truth"
html_short_title = "vitutor"
html_css_files = ["live_figure.css", "site.css"]
html_js_files = ["live_figure.js", "frames.js", "mends.js"]
html_copy_source = False
html_domain_indices = False
html_show_sphinx = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navbar_persistent": [],
}
pygments_style = "a11y-high-contrast-light"
# All of it in one file, nothing of which is fetched later.
mathjax_path = "mathjax.js"
mathjax3_config = {"options": {"enableMenu": False}, "svg": {"fontCache": "local"}}


def name_the_cells(app, doctree):
    """Let every code cell be linked to by its id."""
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            node["ids"].append(node["cell_metadata"]["id"])


def setup(app):
    app.connect("doctree-read", name_the_cells)
    app.connect("autodoc-process-docstring", docstrings.process)
