"""Which ELBO is this, and what is wrong with it. (Lesson 13)

    from vitutor import audit
    print(audit.audit_loss(my_loss))        # my_loss(recon, x, mu, logvar), NumPy or torch
    print(audit.audit_elbo(my_elbo))        # my_elbo(log_joint, q, z), NumPy, as in lessons 06-08

A function is called on inputs that move one term at a time (probes); what the term is follows from
an exact linear solve (reconstruction, latents, solve), over what it is summed from how its factor
changes with the sizes (scaling, explain), and what that means is a table (reading, noise,
misconceptions). If the formula so found misses any value by more than rounding and stabilisers
such as log(recon + 1e-8) allow, the finding is `unexplained`, and nothing is guessed.

Some words, as far as a loss of (recon, x, mu, logvar) can show them:
kl-to-posterior: the Gaussian to which the KL is measured moves with x, as a posterior does and a
prior does not; in an ELBO of draws, log p(x, z) is counted in both of its terms.
single-argument-order: recon and x, or mu and logvar, are swapped inside one term. In a squared
error recon and x may be swapped, and nobody can tell.
detached-sample: autograd disagrees with the slope of the loss itself. At recon the way back to the
sample, and to q, is cut; at mu and logvar the KL's own. A NumPy loss has no gradient to look at;
an ELBO of draws that makes its own is moved to another q, and its draws have to follow.

Some mistakes give the same numbers, and then the plainer is named: a KL without its ½ is beta = 2;
both signs wrong are the reconstruction's sign wrong; a lone term has no sign to compare with; and
without a normaliser the noise variance and the weight of the KL are one number unless it is told.
"""

from vitutor.audit.diagnosis import Diagnosis, Finding, Implied
from vitutor.audit.elbo import audit_elbo
from vitutor.audit.loss import audit_loss
from vitutor.audit.misconceptions import MISCONCEPTIONS, Misconception

__all__ = [
    "MISCONCEPTIONS",
    "Diagnosis",
    "Finding",
    "Implied",
    "Misconception",
    "audit_elbo",
    "audit_loss",
]
