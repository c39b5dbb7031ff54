"""Gradients of linear models, as handed in."""

import numpy as np


# model: models/logistic.graph
def right(X, y, p):
    N = len(y)
    dz = (p - y) / N  # right
    dw = X.T @ dz  # right
    db = dz.sum()  # right
    return dw, db


# model: models/logistic.graph
def right_from_the_inputs(X, y, w, b):
    n, d = X.shape
    z = np.dot(X, w) + b
    a = 1 / (1 + np.exp(-z))
    dw = np.zeros_like(w)
    dw += np.dot(X.T, a - y) / n  # right
    db = np.mean(a - y)  # right
    return {"w": dw, "b": db}


# model: models/logistic.graph
def right_with_a_factor(X, y, p):
    dz = p - y  # postponed
    dw = np.dot(dz, X) / len(y)  # right
    db = np.mean(dz)  # right
    return dw, db


# model: models/logistic.graph
def sum_for_mean(X, y, p):
    dw = X.T @ (p - y)  # wrong: missing 1/N | sum instead of mean
    db = (p - y).sum()  # wrong: missing 1/N | sum instead of mean
    return dw, db


# model: models/logistic.graph
def twice_the_slope(X, y, p):
    N = X.shape[0]
    dz = (p - y) / N * p * (1 - p)  # wrong: doubled activation derivative
    dw = X.T @ dz  # follows
    db = dz.sum()  # follows
    return dw, db


# model: models/logistic.graph
def turned_around(X, y, p):
    N = X.shape[0]
    dw = X.T @ (y - p) / N  # wrong: sign
    db = 2 * (p - y).mean()  # wrong: factor 2
    return dw, db


# model: models/logistic.graph
def not_summed(X, y, p):
    N = X.shape[0]
    dz = (p - y) / N  # right
    db = dz  # wrong: missing batch sum
    dX = np.outer(dz, p)  # wrong: none
    return dz, db, dX


# model: models/hinge.graph
def right_hinge(X, y, w, lam):
    N = X.shape[0]
    margin = 1 - y * (X @ w)
    ds = np.where(margin > 0, -y, 0) / N  # right
    dw = X.T @ ds + lam * w  # right
    return dw


# model: models/hinge.graph
def right_hinge_with_a_mask(X, y, w, s, lam):
    mask = (y * s < 1).astype(float)
    dw = -(X * (y * mask)[:, None]).mean(axis=0) + lam * w  # right
    return dw


# model: models/hinge.graph
def wrong_hinges(X, y, w, s, lam):
    N = X.shape[0]
    ds = -y / N  # wrong: missing activation derivative
    dw = -X.T @ (y * (y * s < 1)) / N  # wrong: forgotten regularisation term
    return ds, dw
