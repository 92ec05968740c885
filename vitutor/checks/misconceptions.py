"""What goes wrong around log p(x) and its estimates: one sentence each, for every homework.

The mistakes made inside an ELBO have sentences of their own, in vitutor.audit.misconceptions.
"""

MISCONCEPTIONS = {
    # Densities
    "variance-as-scale": "A variance stands where a standard deviation is wanted: its square, not "
    "the scale itself.",
    "scale-as-variance": "A standard deviation stands where its square is wanted, or a root was "
    "taken of what is a scale already.",
    "rate-as-scale": "The rate of the Gamma is used as its scale. The scale is one over the rate.",
    "density-not-log": "This is the density; its logarithm is asked for.",
    "normaliser-missing": "A constant of the density is left out. Here constants count: without "
    "them $\\log p$ is no log density, and cannot be compared between models.",
    "mean-over-event": "The dimensions of one datum are averaged. They are independent given $z$, "
    "so their log densities add up.",
    "wrong-link": "This is right for the other link function. `hw.link` says which one yours is.",
    "normal-prior": "This is what a standard normal prior would give. `hw.prior` is another one.",
    "sign": "The sign is wrong.",
    # Averages over what is not seen
    "mean-of-logs": "This is the mean of the logs. It lies below the log of the mean, always, and "
    "is another quantity: average the densities, then take the log.",
    "log-of-sum": "This is the log of the sum, too high by the log of the number of terms.",
    "prior-missing": "$p(x \\mid z)$ is added up over all $z$ alike. Each $z$ counts as often as "
    "the prior draws it.",
    "plug-in": "The mean of $z$ is put in the place of $z$. A marginal averages the densities over "
    "all $z$; the density at the average $z$ is something else.",
    "best-latent": "Only the best $z$ is counted. All others might have been the cause, too: add "
    "them up.",
    "own-latents": "Each datum has a cause of its own here. In this part one $z$ made them all: "
    "one average, over products.",
    "underflow": "Zero to the machine: the densities are too small for a floating point number. "
    "Stay with logs, and take the largest out of the sum.",
    # Monte Carlo
    "chi-square-and-one": "This is $1+\\chi^2$. The variance is the mean square *minus* the square "
    "of the mean: take the 1 off.",
    "variance-not-relative": "This is the variance of $\\hat p(x)$ itself. Relative to $p(x)^2$ is "
    "asked for.",
    "root-of-variance": "This is a standard deviation; the variance is its square.",
    "dimensions-added": "The dimensions are added up. What multiplies is $1+\\chi^2$: the "
    "expectation of a product of independent factors is the product.",
    "error-of-one-draw": "This is the spread of one draw. The error of a mean of $S$ draws is "
    "smaller by $\\sqrt S$.",
    "error-of-logs": "This is the standard error of the mean of the logs. The estimate is the log "
    "of a mean: by the delta method its error is the mean's *relative* error.",
    "degrees-of-freedom": "The variance of the weights is divided by $S$. Divide by $S - 1$: the "
    "mean was taken from the same draws.",
    # Gradients
    "prior-average": "The average is over the prior. Fisher's identity averages over the "
    "posterior.",
    "stray-prior": "A stray $p(z)$ has come in: the posterior contains it already.",
    "gradient-of-p": "This is the derivative of $p(x)$, not of its logarithm: divide by $p(x)$.",
    "learned-prior-forgotten": "The prior's part of the score is missing. This prior is learned: "
    "its parameters occur in $\\log p(x, z)$.",
    "not-in-log-scale": "This is the derivative in the scale itself. In its logarithm it is the "
    "scale times that.",
    "weights-unused": "The weights are not used: this is the mean under the distribution that was "
    "drawn from.",
    # Importance sampling
    "q-missing": "The division by $q$ is missing: the draws come from $q$, and this pretends that "
    "they were spread evenly.",
    "q-multiplied": "You multiplied by $q$ where you should divide: subtract its log density.",
    "gaussian-q": "This divides by a Gaussian density. Your $q$ is a Student-t.",
    "component-of-mixture": "This divides by one part of the mixture only. A draw's weight has the "
    "density of the *whole* $q$ under it, whichever part it came from.",
    # Expectations under q
    "plug-in-mean": "The mean of $z$ under $q$ is put in the place of $z$. The mean of a curved "
    "function is not the function at the mean: $q$ has a width.",
    "mean-of-probabilities": "This averages the probabilities over $q(z)$. The best factor of $q$ "
    "is the exponential of the mean of the *logs*.",
    "log-of-mean-for-mean-of-log": "The log of the mean stands where the mean of the log belongs.",
    "cross-entropy": "The entropy of $q$ is missing: this is $-E_q[\\log p]$, the cross-entropy.",
    "kl-forward-as-gap": "This is KL(posterior ‖ q). The gap of the ELBO averages over q: "
    "KL(q ‖ posterior).",
    "laplace-scale-as-sd": "The scale $b$ of a Laplace density is not its standard deviation, "
    "which is $\\sqrt 2\\, b$.",
    "hard-assignment": "Each datum is given wholly to its likeliest component. Half-beliefs count "
    "half.",
}
