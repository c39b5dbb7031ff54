"""Backward passes of a two-layer network, as handed in."""

import numpy as np


# model: models/two_layer.graph
def right_with_labels(X, y, h1, p, W1, W2, reg):
    N = X.shape[0]
    dscores = p.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N  # right
    dW2 = h1.T @ dscores + 2 * reg * W2  # right
    db2 = dscores.sum(axis=0)  # right
    dh1 = dscores @ W2.T
    dh1[h1 <= 0] = 0
    dW1 = X.T @ dh1 + 2 * reg * W1  # right
    db1 = dh1.sum(axis=0)  # right
    return dW1, db1, dW2, db2


# model: models/two_layer.graph
def right_with_a_cache(cache, reg):
    X, y, z1, h1, scores = cache["X"], cache["y"], cache["z1"], cache["h1"], cache["scores"]
    W1, W2 = cache["W1"], cache["W2"]
    N, C = scores.shape
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    probs = e / np.sum(e, axis=1, keepdims=True)
    onehot = np.zeros((N, C))
    onehot[range(N), y] = 1
    dscores = (probs - onehot) / N  # right
    grads = {}
    grads["W2"] = np.dot(h1.T, dscores) + 2 * reg * W2  # right
    grads["b2"] = np.sum(dscores, axis=0)  # right
    dh1 = np.dot(dscores, W2.T)  # right
    dz1 = dh1 * (z1 > 0)  # right
    grads["W1"] = np.dot(X.T, dz1) + 2 * reg * W1  # right
    grads["b1"] = np.sum(dz1, axis=0)  # right
    return grads


# model: models/two_layer.graph
def no_share(X, y, h1, p, W1, W2, reg):
    N = len(X)
    dscores = p.copy()
    dscores[range(N), y] -= 1  # wrong: missing 1/N | sum instead of mean
    dW2 = h1.T.dot(dscores) + 2 * reg * W2  # follows
    db2 = np.sum(dscores, axis=0)  # follows
    dz1 = dscores.dot(W2.T) * (h1 > 0)  # follows
    dW1 = X.T.dot(dz1) + 2 * reg * W1  # follows
    db1 = np.sum(dz1, axis=0)  # follows
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


# model: models/two_layer.graph
def no_penalty(X, y, h1, p, W1, W2, reg):
    N = X.shape[0]
    t = np.zeros_like(p)
    t[np.arange(N), y] = 1.0
    dscores = (p - t) / N  # right
    dW2 = h1.T @ dscores  # wrong: forgotten regularisation term
    db2 = dscores.sum(0)  # right
    dh1 = dscores @ W2.T  # right
    dz1 = np.where(h1 > 0, dh1, 0)  # right
    dW1 = X.T @ dz1 + reg * W1  # wrong: factor 1/2
    db1 = dz1.sum(1)  # wrong: wrong axis
    return dW1, db1, dW2, db2


# model: models/two_layer.graph
def no_mask(X, y, h1, p, W1, W2, reg):
    N = X.shape[0]
    dscores = p.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N  # right
    dh1 = dscores @ W2.T  # right
    dz1 = dh1  # wrong: missing activation derivative
    dW1 = X.T @ dz1 + 2 * reg * W1  # follows
    db1 = dz1  # wrong: missing batch sum
    dW2 = h1.T @ dscores + 2 * reg * W2  # right
    db2 = dscores.mean(axis=0)  # wrong: mean instead of sum | extra 1/N
    return dW1, db1, dW2, db2


# model: models/two_layer.graph
def lost_a_transpose(X, y, h1, p, W1, W2, reg):
    N = X.shape[0]
    dscores = p.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N  # right
    dW2 = dscores.T @ h1 + 2 * reg * W2.T  # wrong: missing transpose | swapped factors
    dh1 = dscores @ W2.T  # right
    dz1 = dh1 * (h1 > 0)  # right
    dW1 = X.T @ dz1 + 2 * reg * W1  # right
    return dW1, dW2


# model: models/two_layer.graph
def other_sign(X, y, h1, p, W1, W2, reg):
    N = X.shape[0]
    dscores = -p
    dscores[np.arange(N), y] += 1
    dscores = dscores / N  # wrong: sign
    dW2 = np.einsum("nh,nc->hc", h1, dscores) + 2 * reg * W2  # follows
    db2 = dscores.sum(axis=0)  # follows
    return dW2, db2
