"""Networks in the graph language whose derivations are tested line by line."""

from __future__ import annotations

LAYERS = """
X = input(N, D); W1 = param(D, H); b1 = param(H); W2 = param(H, K); b2 = param(K)
z1 = X @ W1 + b1
h = relu(z1)
z2 = h @ W2 + b2
"""
NETWORKS = {
    "logistic regression": """
        X = input(N, D); t = input(N); w = param(D); b = param()
        p = sigmoid(X @ w + b)
        loss = mean(-t*log(p) - (1-t)*log(1-p))
    """,
    "softmax regression": """
        X = input(N, D); t = input(N, dtype=int); W = param(D, K); b = param(K)
        loss = cross_entropy(X @ W + b, t)
    """,
    "two layers": f"""
        T = input(N, K)
        assume(sum(T, axis=1) == 1){LAYERS}
        p = softmax(z2)
        loss = mean(-sum(T*log(p), axis=1))
    """,
    "penalty": """
        X = input(N, 4); t = input(N, dtype=int); W1 = param(4, 5); b1 = param(5); W2 = param(5, 3)
        lam = input()
        h = tanh(X @ W1 + b1)
        loss = cross_entropy(h @ W2, t) + lam/2*(sum(W1**2) + sum(W2**2))
    """,
    "batch norm by hand": """
        X = input(N, D); t = input(N, dtype=int)
        W1 = param(D, H); gamma = param(H); beta = param(H); W2 = param(H, K); b2 = param(K)
        h = X @ W1
        mu = mean(h, axis=0)
        v = mean((h - mu)**2, axis=0)
        xhat = (h - mu)/sqrt(v + 1/100000)
        y = gamma*xhat + beta
        a = relu(y)
        z = a @ W2 + b2
        loss = cross_entropy(z, t)
    """,
    "embedding": """
        t = input(N, dtype=int); E = param(6, D); W = param(D, K); y = input(N, dtype=int)
        x = E[t]
        loss = cross_entropy(x @ W, y)
    """,
    "picked entries": f"""
        t = input(N, dtype=int){LAYERS}
        loss = -mean(log_softmax(z2)[arange(N), t])
    """,
    "names of sizes taken": """
        x = input(N, K); n = param(K, M); k = param(M); d = 2
        loss = sum((x @ n + k)**2)/N
    """.replace("; d = 2", ""),
    "attention": """
        q = input(B, S, D); k = input(B, S, D); v = input(B, S, D)
        a = softmax(q @ transpose(k, axes=(0, 2, 1))/sqrt(2), axis=2)
        loss = sum((a @ v)**2)
    """,
    "pieces of arrays": """
        x = input(N, 6); W = param(3, 2)
        u = x[:, 1:4] + x[:, 2:5]
        loss = sum(tanh(u @ W)*exp(u[:, 1:]))
    """,
    "bilinear": """
        A = param(3, 4); x = input(N, 3); y = input(N, 4)
        s = sum((x @ A)*y, axis=1)
        loss = sum(s**2) + trace(A @ A.T) + norm(A)
    """,
    "one column": """
        x = input(N, 1); W = param(1, 3); c = param(N, 1)
        loss = mean((x @ W*c)**2)
    """,
    "largest": f"""{LAYERS}
        m = max(z2, axis=1)
        loss = sum(m**2) + sum(logsumexp(z2, axis=1))
    """,
    "weights": f"""
        T = input(N, K); s = input(N){LAYERS}
        r = z2 - T
        loss = sum(s*sum(r**2, axis=1))/sum(s)
    """,
    "batch norm": """
        X = input(N, D); t = input(N, dtype=int)
        W1 = param(D, H); gamma = param(H); beta = param(H); W2 = param(H, K); b2 = param(K)
        h = X @ W1
        y = batch_norm(h, gamma, beta)
        z = relu(y) @ W2 + b2
        loss = cross_entropy(z, t)
    """,
    "layer norm": """
        X = input(N, D); t = input(N, 2); W1 = param(D, H); W2 = param(H, 2); g = param(H); b = param(H)
        h = gelu(X @ W1)
        loss = mean_squared_error(layer_norm(h, g, b) @ W2, t)
    """,
    "gates": """
        x = input(N, D); h0 = input(N, H); U = param(D, H); V = param(H, H); Ur = param(D, H); Vr = param(H, H)
        r = sigmoid(x @ Ur + h0 @ Vr)
        n = tanh(x @ U + r*(h0 @ V))
        h = (1 - r)*n + r*h0
        loss = sum(h**2)
    """,
    "pooling": """
        X = input(N, 2, 4, 4); t = input(N, dtype=int); C = param(4, 2, 3, 3); c = param(4); W = param(16, K)
        h = relu(conv2d(X, C, c, padding=1))
        z = flatten(max_pool2d(h)) @ W
        loss = cross_entropy(z, t)
    """,
    "causal attention": """
        x = input(B, S, D); Wq = param(D, D); Wk = param(D, D); Wv = param(D, D)
        a = scaled_dot_product_attention(x @ Wq, x @ Wk, x @ Wv, causal=True)
        loss = mean(a**2)
    """,
    "margins": """
        X = input(N, D); t = input(N, dtype=int); W = param(D, K)
        loss = multiclass_hinge(X @ W, t) + elastic_net(W, 1/10, 1/100)
    """,
    "images": """
        x = input(N, 2, 5, 5); t = input(N, dtype=int); C = param(4, 2, 3, 3); c = param(4); W = param(36, K)
        h = relu(conv2d(x, C, c))
        loss = cross_entropy(flatten(h) @ W, t)
    """,
    "pooled images": """
        x = input(N, 6, 6, 2); C = param(3, 3, 1, 4); c = param(4); E = param(1, 2, 4, 3); W = param(3, K)
        h = tanh(conv2d(x, C, c, padding=same, groups=2, layout=NHWC))
        p = max_pool2d(h, size=2, padding=1, layout=NHWC)
        q = avg_pool2d(conv2d(p, E, stride=(3, 2), layout=NHWC), size=(2, 1), layout=NHWC)
        loss = sum((global_avg_pool(q, layout=NHWC) @ W)**2)
    """,
    "signals": """
        x = input(N, 2, 9); C = param(3, 2, 3); c = param(3)
        loss = sum(max_pool1d(conv1d(x, C, c, dilation=2, padding=(2, 1)), size=2, stride=1)**2)
    """,
    "block": """
        x = input(B, S, D); t = input(B, S, D); Wq = param(D, D); Wk = param(D, D); Wo = param(D, D)
        gamma = param(D); beta = param(D)
        a = softmax(x @ Wq @ transpose(x @ Wk, axes=(0, 2, 1))/sqrt(D), axis=2)
        y = layer_norm(x + (a @ x) @ Wo, gamma, beta)
        loss = mean_squared_error(y, t)
    """,
    "normalised images": """
        x = input(N, 2, 5, 5); t = input(N, dtype=int); C = param(4, 2, 3, 3); gamma = param(4); beta = param(4)
        W = param(4, K)
        h1 = conv2d(x, C)
        y = batch_norm(h1, gamma, beta)
        loss = cross_entropy(global_avg_pool(relu(y)) @ W, t)
    """,
    "two norms": """
        X = input(N, D); t = input(N, dtype=int); W1 = param(D, H); W2 = param(H, H); W3 = param(H, K)
        g1 = param(H); b1 = param(H); g2 = param(H); b2 = param(H)
        hidden = X @ W1
        y1 = tanh(batch_norm(hidden, g1, b1))
        y2 = batch_norm(y1 @ W2, g2, b2)
        loss = cross_entropy(y2 @ W3, t)
    """,
    "norm by hand in steps": """
        X = input(N, D); t = input(N, K); W1 = param(D, H); W2 = param(H, K); gamma = param(H)
        h = X @ W1
        mu = mean(h, axis=0)
        c = h - mu
        r = 1/sqrt(mean(c*c, axis=0) + 0.001)
        z = (gamma*(c*r)) @ W2
        loss = mean_squared_error(z, t)
    """,
    "latent": """
        x = input(N, D); e = input(N, K); W1 = param(D, H); Wm = param(H, K); Ws = param(H, K); W2 = param(K, D)
        h = tanh(x @ W1)
        mu = h @ Wm
        s = h @ Ws
        z = mu + exp(s/2)*e
        rec = mean(sum(binary_cross_entropy(z @ W2, x, reduction=none), axis=1))
        kl = -1/2*mean(sum(1 + s - mu**2 - exp(s), axis=1))
        loss = rec + kl
    """,
    "unrolled": """
        x1 = input(N, D); x2 = input(N, D); h0 = input(N, H); t = input(N, H); U = param(D, H); V = param(H, H)
        b = param(H); Z = param(H, H)
        z1 = sigmoid(h0 @ Z)
        h1 = z1*tanh(x1 @ U + h0 @ V + b) + (1 - z1)*h0
        z2 = sigmoid(h1 @ Z)
        h2 = z2*tanh(x2 @ U + h1 @ V + b) + (1 - z2)*h1
        loss = mean((h2 - t)**2)
    """,
}
