"""Mistakes planted by hand in the gradients of varied nets, each with the names it goes by."""

from __future__ import annotations

from graphc.claims.mistakes import (
    AT_INPUT,
    AT_OUTPUT,
    AXIS,
    BATCH_SUM,
    BRANCH,
    CHAIN,
    ELEMENTWISE,
    EXPONENT,
    EXTRA_SHARE,
    FUNCTION_ITSELF,
    HALF,
    INNER,
    MEAN_FOR_SUM,
    MISSING_SHARE,
    NO_SLOPE,
    OTHER_SLOPE,
    PENALTY,
    POWER,
    SIGN,
    SLOPE_TWICE,
    SOFTMAX,
    STATISTICS,
    SUM_FOR_MEAN,
    SWAPPED,
    TRANSPOSE,
    TWICE,
    WRONG_SIDE,
)

MODELS = {
    "logistic": """
        X = input(N, D); t = input(N); w = param(D); b = param()
        z = X @ w + b
        p = sigmoid(z)
        loss = mean(-t*log(p) - (1-t)*log(1-p))
    """,
    "linear": """
        X = input(N, D); y = input(N); w = param(D); b = param(); lam = input()
        e = X @ w + b - y
        loss = mean(e**2) + lam*sum(w**2)
    """,
    "relu net": """
        X = input(N, D); T = input(N, K)
        assume(sum(T, axis=1) == 1)
        W1 = param(D, H); b1 = param(H); W2 = param(H, K); b2 = param(K); lam = input()
        z1 = X @ W1 + b1
        h = relu(z1)
        z2 = h @ W2 + b2
        p = softmax(z2)
        loss = mean(-sum(T*log(p), axis=1)) + lam/2*(sum(W1**2) + sum(W2**2))
    """,
    "tanh net": """
        X = input(N, D); T = input(N, K)
        W1 = param(D, H); b1 = param(H); W2 = param(H, K); b2 = param(K)
        z1 = X @ W1 + b1
        h = tanh(z1)
        y = h @ W2 + b2
        loss = mean_squared_error(y, T)
    """,
    "sigmoid net": """
        X = input(N, D); T = input(N, K)
        W1 = param(D, H); W2 = param(H, H); W3 = param(H, K)
        z1 = X @ W1
        h1 = sigmoid(z1)
        z2 = h1 @ W2
        h2 = sigmoid(z2)
        y = h2 @ W3
        loss = sum((y - T)**2)/(2*N)
    """,
    "labels": """
        X = input(N, D); t = input(N, dtype=int); W = param(D, K); b = param(K)
        z = X @ W + b
        loss = cross_entropy(z, t)
    """,
    "batch norm": """
        x = input(N, D); gamma = param(D); beta = param(D); T = input(N, D)
        mu = mean(x, axis=0)
        xc = x - mu
        var = mean(xc**2, axis=0)
        s = sqrt(var + 1/100000)
        xhat = xc/s
        y = gamma*xhat + beta
        loss = sum((y - T)**2)
    """,
    "batch norm layer": """
        x = input(N, D); gamma = param(D); beta = param(D); T = input(N, D)
        y = batch_norm(x, gamma, beta)
        loss = sum((y - T)**2)
    """,
    "attention": """
        q = input(S, D); k = input(S, D); v = input(S, M); T = input(S, M)
        s = q @ k.T
        a = softmax(s, axis=1)
        o = a @ v
        loss = sum((o - T)**2)/2
    """,
    "convolution": """
        x = input(N, C, H, W); K = param(F, C, 2, 2); b = param(F)
        z = conv2d(x, K, b)
        h = relu(z)
        loss = sum(h**2)
    """,
    "scalar": """
        f = sin(x**2)*exp(-y)
        loss = f**2 + x*y
    """,
    "square": """
        A = param(D, D); B = param(D, D); x = input(D); y = input(D)
        C = A @ B
        u = C @ x
        loss = sum((u - y)**2)
    """,
    "residual": """
        x = input(N, D); V = param(D, D); T = input(N, D)
        z = x @ V
        h = tanh(z)
        y = x + h
        loss = sum((y - T)**2)/2
    """,
    "pooled": """
        x = input(N, L, D); W = param(D, K); T = input(N, K)
        z = x @ W
        h = tanh(z)
        m = mean(h, axis=1)
        loss = sum((m - T)**2)/2
    """,
}

PLANTED: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    # logistic regression
    ("logistic", "w", "X.T @ (t - p)/N", (SIGN,)),
    ("logistic", "w", "2*X.T @ (p - t)/N", (TWICE,)),
    ("logistic", "w", "X.T @ (p - t)/(2*N)", (HALF,)),
    ("logistic", "w", "X.T @ (p - t)", (MISSING_SHARE,)),
    ("logistic", "w", "X.T @ (p - t)/N**2", (EXTRA_SHARE,)),
    ("logistic", "w", "X.T @ ((p - t)*p*(1 - p))/N", (SLOPE_TWICE,)),
    ("logistic", "w", "X.T @ ((p - t)/(p*(1 - p)))/N", (NO_SLOPE,)),
    ("logistic", "w", "X.T @ (p + t)/N", (SIGN,)),
    ("logistic", "b", "(p - t)/N", (BATCH_SUM,)),
    ("logistic", "b", "mean(p - t)/N", (MEAN_FOR_SUM,)),
    ("logistic", "b", "sum(p - t)", (MISSING_SHARE,)),
    ("logistic", "z", "(p - t)", (MISSING_SHARE,)),
    ("logistic", "z", "(p - t)/(p*(1 - p))/N", (NO_SLOPE,)),
    ("logistic", "z", "-t*(1 - p)/N", (BRANCH,)),
    ("logistic", "p", "(p - t)/(p*(1 - p))", (MISSING_SHARE,)),
    # linear regression with a penalty
    ("linear", "w", "2*X.T @ e/N", (PENALTY,)),
    ("linear", "w", "2*X.T @ e/N + lam*w", (HALF,)),
    ("linear", "w", "X.T @ e/N + lam*w", (HALF,)),
    ("linear", "w", "X.T @ e/N + 2*lam*w", (HALF,)),
    ("linear", "w", "2*X.T @ e + 2*lam*w", (MISSING_SHARE,)),
    ("linear", "w", "2*X.T @ e/N - 2*lam*w", (SIGN,)),
    ("linear", "w", "2*X.T @ e/N + 2*w", (CHAIN,)),
    ("linear", "w", "2*X.T @ e/N + 2*lam*w**2", (EXPONENT,)),
    ("linear", "b", "2*e/N", (BATCH_SUM,)),
    ("linear", "b", "2*sum(e)", (MISSING_SHARE,)),
    ("linear", "b", "2*mean(e)/N", (MEAN_FOR_SUM,)),
    ("linear", "b", "sum(e)/N", (HALF,)),
    ("linear", "e", "2*e", (MISSING_SHARE,)),
    ("linear", "e", "2*e**2/N", (EXPONENT,)),
    # two layers, relu, softmax
    ("relu net", "z2", "(T - p)/N", (SIGN,)),
    ("relu net", "z2", "p - T", (MISSING_SHARE,)),
    ("relu net", "z2", "-T*(1 - p)/N", (SOFTMAX,)),
    ("relu net", "p", "-T/p", (MISSING_SHARE,)),
    ("relu net", "p", "T/p/N", (SIGN,)),
    ("relu net", "W2", "h.T @ (p - T)/N", (PENALTY,)),
    ("relu net", "W2", "h.T @ (p - T) + lam*W2", (MISSING_SHARE,)),
    ("relu net", "W2", "h.T @ (p - T)/N + 2*lam*W2", (TWICE,)),
    ("relu net", "W2", "(p - T).T @ h/N + lam*W2.T", (TRANSPOSE,)),
    ("relu net", "W2", "z1.T @ (p - T)/N + lam*W2", ()),
    ("relu net", "b2", "(p - T)/N", (BATCH_SUM,)),
    ("relu net", "b2", "sum(p - T, axis=0)", (MISSING_SHARE,)),
    ("relu net", "b2", "mean(p - T, axis=0)/N", (MEAN_FOR_SUM,)),
    ("relu net", "b2", "sum(T - p, axis=0)/N", (SIGN,)),
    ("relu net", "b2", "sum(p - T, axis=1)/N", (AXIS,)),
    ("relu net", "h", "(p - T)/N", (CHAIN,)),
    ("relu net", "W1", "X.T @ ((p - T) @ W2.T)/N + lam*W1", (NO_SLOPE,)),
    ("relu net", "W1", "X.T @ (((p - T) @ W2.T)*(z1 > 0))/N", (PENALTY,)),
    ("relu net", "W1", "X.T @ (((p - T) @ W2.T)*(z1 < 0))/N + lam*W1", (WRONG_SIDE,)),
    ("relu net", "W1", "X.T @ (((p - T) @ W2.T)*h)/N + lam*W1", (FUNCTION_ITSELF,)),
    ("relu net", "W1", "X.T @ (((p - T) @ W2.T)*(z1 > 0)) + lam*W1", (MISSING_SHARE,)),
    ("relu net", "W1", "-X.T @ (((p - T) @ W2.T)*(z1 > 0))/N + lam*W1", (SIGN,)),
    ("relu net", "W1", "X.T @ (((p - T) @ W2.T)*(1 - h**2))/N + lam*W1", ()),
    ("relu net", "W1", "X.T @ (((p - T) @ W2.T)*sigmoid(z1)*(1 - sigmoid(z1)))/N + lam*W1", (OTHER_SLOPE,)),
    ("relu net", "W1", "X.T @ ((-T*(1 - p) @ W2.T)*(z1 > 0))/N + lam*W1", (SOFTMAX,)),
    ("relu net", "b1", "sum((p - T) @ W2.T, axis=0)/N", (NO_SLOPE,)),
    ("relu net", "b1", "((p - T) @ W2.T)*(z1 > 0)/N", (BATCH_SUM,)),
    ("relu net", "b1", "sum((p - T) @ W2.T*(z1 > 0), axis=1)/N", (AXIS,)),
    ("relu net", "b1", "mean((p - T) @ W2.T*(z1 > 0), axis=0)/N", (MEAN_FOR_SUM,)),
    ("relu net", "z1", "((p - T) @ W2.T)*(z1 > 0)", (MISSING_SHARE,)),
    # two layers, tanh, mean squared error
    ("tanh net", "y", "2*(y - T)/N", (MISSING_SHARE,)),
    ("tanh net", "y", "(y - T)/(N*K)", (HALF,)),
    ("tanh net", "y", "2*(y - T)", (MISSING_SHARE,)),
    ("tanh net", "W2", "2*h.T @ (T - y)/(N*K)", (SIGN,)),
    ("tanh net", "z1", "2*(y - T) @ W2.T/(N*K)", (NO_SLOPE,)),
    ("tanh net", "z1", "2*(y - T) @ W2.T/(N*K)*(1 - z1**2)", (AT_INPUT,)),
    ("tanh net", "z1", "2*(y - T) @ W2.T/(N*K)*(1 - tanh(h)**2)", (AT_OUTPUT,)),
    ("tanh net", "z1", "2*(y - T) @ W2.T/(N*K)*(1 - h**2)**2", (SLOPE_TWICE,)),
    ("tanh net", "z1", "2*(y - T) @ W2.T/(N*K)*h", (FUNCTION_ITSELF,)),
    ("tanh net", "z1", "2*(y - T) @ W2.T/(N*K)*(z1 > 0)", (OTHER_SLOPE,)),
    ("tanh net", "W1", "2*X.T @ ((y - T) @ W2.T)/(N*K)", (NO_SLOPE,)),
    ("tanh net", "W1", "2*X.T @ ((y - T) @ W2.T*(1 - z1**2))/(N*K)", (AT_INPUT,)),
    ("tanh net", "W1", "2*X.T @ ((y - T) @ W2.T*(1 - h**2))/N", (MISSING_SHARE,)),
    ("tanh net", "W1", "2*X.T @ ((y - T) @ W2.T*(1 + h**2))/(N*K)", (SIGN,)),
    ("tanh net", "W1", "2*X.T @ ((y - T) @ W2.T*(1 - h))/(N*K)", (POWER,)),
    ("tanh net", "b1", "2*sum((y - T) @ W2.T*(1 - h**2), axis=0)/(N*K)*2", (TWICE,)),
    ("tanh net", "X", "2*((y - T) @ W2.T) @ W1.T/(N*K)", (NO_SLOPE,)),
    # three layers, sigmoid
    ("sigmoid net", "y", "(y - T)", (MISSING_SHARE,)),
    ("sigmoid net", "y", "2*(y - T)/N", (TWICE,)),
    ("sigmoid net", "z2", "(y - T) @ W3.T/N*(1 - h2)", (CHAIN,)),
    ("sigmoid net", "z2", "(y - T) @ W3.T/N*z2*(1 - z2)", (AT_INPUT,)),
    ("sigmoid net", "h1", "(y - T) @ W3.T/N*h2*(1 - h2) @ W2", (TRANSPOSE,)),
    ("sigmoid net", "h1", "(y - T) @ W3.T/N @ W2.T", (NO_SLOPE,)),
    ("sigmoid net", "h1", "(y - T) @ W3.T/N*h2*(1 - h2)", (CHAIN,)),
    ("sigmoid net", "W1", "X.T @ ((y - T) @ W3.T/N*h2*(1 - h2)*h1*(1 - h1))", (CHAIN,)),
    ("sigmoid net", "W1", "X.T @ ((((y - T) @ W3.T/N*h2*(1 - h2)) @ W2)*h1*(1 - h1))", (TRANSPOSE,)),
    ("sigmoid net", "W1", "X.T @ ((((y - T) @ W3.T/N*h2*(1 - h2)) @ W2.T))", (NO_SLOPE,)),
    ("sigmoid net", "W1", "X.T @ ((((y - T) @ W3.T/N) @ W2.T)*h1*(1 - h1))", (NO_SLOPE,)),
    ("sigmoid net", "W2", "(h1.T @ ((y - T) @ W3.T/N*h2*(1 - h2))).T", (TRANSPOSE,)),
    ("sigmoid net", "W2", "h1.T @ ((y - T) @ W3.T/N*h2)", (FUNCTION_ITSELF,)),
    # labels
    ("labels", "z", "softmax(z) - one_hot(t, K)", (MISSING_SHARE,)),
    ("labels", "z", "(softmax(z) + one_hot(t, K))/N", (SIGN,)),
    ("labels", "z", "softmax(z)/N", (BRANCH,)),
    ("labels", "W", "X.T @ (one_hot(t, K) - softmax(z))/N", (SIGN,)),
    ("labels", "b", "(softmax(z) - one_hot(t, K))/N", (BATCH_SUM,)),
    ("labels", "z", "(softmax(z, axis=0) - one_hot(t, K))/N", (AXIS,)),
    # batch norm
    ("batch norm", "x", "2*(y - T)*gamma/s", (STATISTICS,)),
    (
        "batch norm",
        "x",
        "gamma/s*(2*(y - T) - xhat*mean(2*(y - T)*xhat, axis=0))",
        (BRANCH,),
    ),
    ("batch norm", "x", "gamma/s*(2*(y - T) - mean(2*(y - T), axis=0))", (BRANCH,)),
    (
        "batch norm layer",
        "x",
        "2*(y - T)*gamma/sqrt(mean((x - mean(x, axis=0))**2, axis=0) + 1/100000)",
        (STATISTICS,),
    ),
    ("batch norm", "gamma", "2*(y - T)*xhat", (BATCH_SUM,)),
    ("batch norm", "gamma", "sum(2*(y - T), axis=0)", (CHAIN,)),
    ("batch norm", "gamma", "mean(2*(y - T)*xhat, axis=0)", (MEAN_FOR_SUM,)),
    ("batch norm", "beta", "2*(y - T)", (BATCH_SUM,)),
    ("batch norm", "beta", "sum(y - T, axis=0)", (HALF,)),
    ("batch norm", "xhat", "2*(y - T)", (CHAIN,)),
    # attention
    ("attention", "a", "(o - T) @ v.T*2", (TWICE,)),
    ("attention", "s", "((o - T) @ v.T)*a*(1 - a)", (SOFTMAX,)),
    ("attention", "s", "((o - T) @ v.T)*a", (BRANCH,)),
    ("attention", "s", "(o - T) @ v.T", (NO_SLOPE,)),
    ("attention", "v", "a @ (o - T)", (TRANSPOSE,)),
    ("attention", "q", "(((o - T) @ v.T)*a*(1 - a)) @ k", (SOFTMAX,)),
    (
        "attention",
        "k",
        "(a*((o - T) @ v.T - sum(a*((o - T) @ v.T), axis=1, keepdims=True))) @ q",
        (TRANSPOSE,),
    ),
    # convolution
    ("convolution", "z", "2*h*h", ()),
    ("convolution", "b", "sum(2*h, axis=(0, 2, 3))*N", (MISSING_SHARE,)),
    ("convolution", "b", "2*h", (BATCH_SUM,)),
    ("convolution", "h", "h", (HALF,)),
    # scalars
    ("scalar", "x", "2*f*cos(x**2)*exp(-y) + y", (CHAIN,)),
    ("scalar", "x", "2*f*cos(x)*2*x*exp(-y) + y", (INNER,)),
    ("scalar", "x", "2*f*cos(x**2)*2*x*exp(-y)", (BRANCH,)),
    ("scalar", "x", "2*f*cos(x**2)*2*x*exp(-y) + x", (SWAPPED,)),
    ("scalar", "y", "2*f*f + x", (SIGN,)),
    ("scalar", "y", "-2*f*f", (BRANCH,)),
    # square matrices
    ("square", "A", "2*outer(u - y, x) @ B", (TRANSPOSE,)),
    ("square", "A", "2*outer(x, u - y) @ B.T", (TRANSPOSE,)),
    ("square", "B", "2*A @ outer(u - y, x)", (TRANSPOSE,)),
    ("square", "B", "2*outer(u - y, x) @ A.T", (SWAPPED,)),
    ("square", "x", "2*C @ (u - y)", (TRANSPOSE,)),
    ("square", "x", "2*(u - y)", (CHAIN,)),
    ("square", "x", "2*C.T*(u - y)", (ELEMENTWISE,)),
    # branches
    ("residual", "x", "(y - T)", (BRANCH,)),
    ("residual", "x", "((y - T)*(1 - h**2)) @ V.T", (BRANCH,)),
    ("residual", "x", "(y - T) + ((y - T)*(1 - h**2)) @ V", (TRANSPOSE,)),
    ("residual", "x", "(y - T) + (y - T) @ V.T", (NO_SLOPE,)),
    ("residual", "x", "(y - T) + (y - T)*(1 - h**2)", (CHAIN,)),
    # means that are no loss
    (
        "pooled",
        "W",
        "sum(sum(x[:, :, :, None]*((m - T)[:, None, :]*(1 - h**2))[:, :, None, :], axis=1), axis=0)",
        (SUM_FOR_MEAN,),
    ),
    # two at once
    ("tanh net", "z1", "-2*(y - T) @ W2.T/(N*K)", (NO_SLOPE, SIGN)),
    ("tanh net", "W1", "2*X.T @ ((y - T) @ W2.T)/N", (MISSING_SHARE, NO_SLOPE)),
    ("relu net", "z2", "T - p", (MISSING_SHARE, SIGN)),
    ("relu net", "b1", "-sum((p - T) @ W2.T, axis=0)/N", (NO_SLOPE, SIGN)),
    ("sigmoid net", "W1", "X.T @ ((((y - T) @ W3.T/N) @ W2)*h1*(1 - h1))", (NO_SLOPE, TRANSPOSE)),
    ("relu net", "W1", "X.T @ ((p - T) @ W2.T)/N", (NO_SLOPE, PENALTY)),
    ("relu net", "b2", "(T - p)/N", (BATCH_SUM, SIGN)),
    ("logistic", "b", "p - t", (BATCH_SUM, MISSING_SHARE)),
)
