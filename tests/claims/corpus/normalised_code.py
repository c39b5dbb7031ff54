"""Batch norm by hand, and a network with it, as courses assign them."""

import numpy as np


# model: models/batch_norm.graph
def batchnorm_backward(dout, cache):
    x, mean_x, var, gamma, eps = cache
    N = x.shape[0]
    std = np.sqrt(var + eps)
    xhat = (x - mean_x) / std
    dbeta = dout.sum(axis=0)  # right
    dgamma = np.sum(dout * xhat, axis=0)  # right
    dxhat = dout * gamma  # right
    dvar = np.sum(dxhat * (x - mean_x), axis=0) * -0.5 * (var + eps) ** -1.5  # right
    dmean_x = -np.sum(dxhat, axis=0) / std  # right
    dx = dxhat / std + dvar * 2 * (x - mean_x) / N + dmean_x / N  # right
    return dx, dgamma, dbeta


# model: models/batch_norm.graph
def batchnorm_backward_alt(dout, xhat, gamma, std):
    N = dout.shape[0]
    dgamma = (dout * xhat).sum(0)  # right
    dbeta = dout.sum(0)  # right
    dx = gamma / (N * std) * (N * dout - dbeta - xhat * dgamma)  # right
    return dx, dgamma, dbeta


# model: models/batch_norm.graph
def without_the_mean(dout, xhat, gamma, std):
    N = dout.shape[0]
    dgamma = (dout * xhat).sum(0)  # right
    dbeta = dout.sum(0)  # right
    dx = gamma / (N * std) * (N * dout - xhat * dgamma)  # wrong: forgotten branch
    return dx, dgamma, dbeta


# model: models/batch_norm.graph
def as_if_running(dout, x, xhat, gamma, std):
    dxhat = dout * gamma  # right
    dx = dxhat / std  # wrong: running instead of batch statistics | forgotten branch
    dgamma = (dout * x).sum(axis=0)  # wrong: (derivative at the inner variable | missing chain factor)
    dbeta = dout.mean(axis=0)  # wrong: mean instead of sum | extra 1/N
    return dx, dgamma, dbeta


# model: models/normalised_net.graph
def network(X, y, xhat, n1, h1, p, W1, W2, gamma, std):
    N = X.shape[0]
    dscores = p.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N  # right
    dW2 = h1.T @ dscores  # right
    db2 = dscores.sum(axis=0)  # right
    dh1 = dscores @ W2.T  # right
    dn1 = dh1 * (n1 > 0)  # right
    dgamma = np.sum(dn1 * xhat, axis=0)  # right
    dbeta = np.sum(dn1, axis=0)  # right
    dxhat = dn1 * gamma  # right
    dz1 = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std  # right
    dW1 = X.T @ dz1  # right
    dX = dz1 @ W1.T  # right
    return dX, dW1, dgamma, dbeta, dW2, db2


# model: models/normalised_net.graph
def network_without_the_mean(X, y, xhat, n1, h1, p, W1, W2, gamma, std):
    N = X.shape[0]
    dscores = p.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N  # right
    dh1 = dscores @ W2.T  # right
    dn1 = dh1 * (n1 > 0)  # right
    dxhat = dn1 * gamma  # right
    dz1 = (dxhat - xhat * (dxhat * xhat).mean(axis=0)) / std  # wrong: forgotten branch
    dW1 = X.T @ dz1  # follows
    dX = dz1 @ W1.T  # follows
    return dX, dW1


# model: models/normalised_net.graph
def network_with_slips(X, y, xhat, n1, h1, p, W1, W2, gamma, std):
    N = X.shape[0]
    dscores = p.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N  # right
    dW2 = dscores.T @ h1  # wrong: missing transpose | swapped factors
    db2 = dscores  # wrong: missing batch sum
    dh1 = dscores @ W2.T  # right
    dn1 = dh1 * (n1 > 0)  # right
    dgamma = np.sum(dn1 * xhat, axis=1)  # wrong: wrong axis
    dxhat = dn1  # wrong: missing chain factor
    dz1 = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std  # follows
    dW1 = X.T @ dz1  # follows
    return dW1, dW2, db2, dgamma


# model: models/deep.graph
def deep(X, t, a1, a2, out, W1, W2, W3):
    dout = 2 * (out - t) / t.size  # right
    dW3 = a2.T @ dout  # right
    db3 = dout.sum(axis=0)  # right
    dz2 = (dout @ W3.T) * a2 * (1 - a2)  # right
    dW2 = a1.T @ dz2  # right
    da1 = dz2 @ W2.T  # right
    dW1 = X.T @ (da1 * (1 - a1**2))  # right
    return {"W1": dW1, "W2": dW2, "W3": dW3, "b3": db3}


# model: models/deep.graph
def deep_with_slips(X, t, a1, z2, a2, out, W1, W2, W3):
    N = X.shape[0]
    dout = 2 * (out - t) / t.size  # right
    dW3 = a2.T @ dout  # right
    da2 = dout @ W3.T  # right
    dz2 = da2 * z2 * (1 - z2)  # wrong: derivative at the pre-activation
    dW2 = a1.T @ dz2  # follows
    da1 = dz2 @ W2.T  # follows
    dW1 = X.T @ da1  # wrong: missing activation derivative
    db3 = dout.sum(axis=0) / N  # wrong: extra 1/N | mean instead of sum
    return dW1, dW2, dW3, db3
