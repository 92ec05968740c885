"""Which ELBO is this, and what is wrong with it. (Lesson 13)

from vitutor import audit
print(audit.audit_loss(my_loss))            # my_loss(recon, x, mu, logvar), NumPy or torch
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
