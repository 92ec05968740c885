"""The live figures, one a file. How to write another: `vitutor.widgets.engine`."""

from vitutor.widgets.bench import importance_bench
from vitutor.widgets.broken import broken_bound
from vitutor.widgets.climb import elbo_climb
from vitutor.widgets.dial import dimension_dial
from vitutor.widgets.encoder import encoder_width
from vitutor.widgets.grid import grid_dial
from vitutor.widgets.gumbel import relaxed_choice
from vitutor.widgets.jensen import jensen_picture
from vitutor.widgets.landscape import learning_landscape
from vitutor.widgets.latent_plane import latent_plane
from vitutor.widgets.ledger import evidence_ledger
from vitutor.widgets.tangent import gradient_tangent
from vitutor.widgets.two_kls import two_kls
from vitutor.widgets.walk import decoder_walk
from vitutor.widgets.waterline import water_level

__all__ = [
    "broken_bound",
    "decoder_walk",
    "dimension_dial",
    "elbo_climb",
    "encoder_width",
    "evidence_ledger",
    "gradient_tangent",
    "grid_dial",
    "importance_bench",
    "jensen_picture",
    "latent_plane",
    "learning_landscape",
    "relaxed_choice",
    "two_kls",
    "water_level",
]
