"""Every function, method and operator that is read means what NumPy means by it."""

from __future__ import annotations

import textwrap

import pytest

from tests.lang.numpy_code.running import agree

LEAVES = """
    X = input(N, D); Z = input(N, D); w = input(D); v = input(N); s = input(); W = param(D, H)
    B = input(N, D, H); S = input(D, D); y = input(N, dtype=int); k = input(N, D, dtype=int)
    P = input(2, 3, 4); q = input(6); R = input(4, 6)
    loss = sum(X*Z*w) + s*sum(v) + sum(W) + sum(B) + sum(S) + sum(y) + sum(k) + sum(P) + sum(q) + sum(R)
"""
PARAMETERS = "X, Z, w, v, s, W, B, S, y, k, P, q, R"

EXPRESSIONS = """
X + Z; X - w; X * s; X / 2; X ** 2; X ** 3; abs(X) ** 0.5; 2 ** X; -X; +X; X + 1; 1 - X; 1 / X; 3.5e-1 * X
X @ W; X.dot(W); np.dot(X, W); np.matmul(X, W); np.dot(w, w); w @ w; X @ w; v @ X; np.dot(2, X); X.T @ Z
np.dot(B, W.T); np.dot(B, B.T.transpose(1, 0, 2)); np.matmul(X, B); B @ np.ones(B.shape[-1]); X.T.dot(v)
np.inner(X, Z); np.outer(v, w); np.outer(X, w); np.vdot(X, Z); np.tensordot(X, W, axes=1)
np.tensordot(X, Z, axes=([0], [0])); np.tensordot(X, Z); np.tensordot(B, W, axes=2)
np.einsum('nd,dh->nh', X, W); np.einsum('nd,nd->n', X, Z); np.einsum('nd->d', X); np.einsum('ij,jk', X, W)
np.einsum('ii', S); np.einsum('...d,dh->...h', X, W); np.einsum('ii->i', S); np.einsum('n,d->nd', v, w)
np.einsum('nd,nd', X, Z); X.T; B.T; w.T; X.T.T; B.transpose(1, 0, 2); np.transpose(B, (2, 0, 1))
np.transpose(X); np.swapaxes(B, 0, -1); B.swapaxes(1, 2); np.moveaxis(B, 0, -1); X.reshape(-1); X.reshape(-1, 1)
X.reshape((3, 4)) if False else X.ravel(); np.reshape(B, (X.shape[0], -1))
B.reshape(B.shape[0], B.shape[1] * B.shape[2]); P.reshape(6, 4); P.reshape(2, -1); P.reshape(-1, 3, 2)
X.flatten(); B.T.reshape(-1); B.reshape(len(B), np.prod(B.shape[1:])); X[:, None]; X[:, :, np.newaxis]
w[None, :]; w[np.newaxis]; X[None]; X[..., None]; np.expand_dims(w, 0); np.expand_dims(w, -1)
np.squeeze(w[None]); np.squeeze(w[None, :, None], axis=-1); w[:, None].squeeze(); np.sum(X); np.sum(X, axis=0)
X.sum(1); X.sum(axis=-1); X.sum(axis=1, keepdims=True); np.sum(B, axis=(0, 2)); B.sum((0, -1)); np.mean(X)
X.mean(0); np.mean(X, axis=1, keepdims=True); X.max(); np.max(X, axis=1); np.amax(X, 1, keepdims=True)
X.min(axis=0); np.amin(X); np.prod(X, axis=1); X.var(axis=0); np.var(X); np.var(X, 0, ddof=1); X.std(axis=0)
np.std(X, axis=-1, keepdims=True); np.average(X, axis=0); np.argmax(X, axis=1); X.argmax(axis=0); np.argmin(X)
X.argmax(1); np.cumsum(X, axis=1); X.cumsum(0); np.cumsum(X); np.cumprod(X, axis=0); np.linalg.norm(X)
np.linalg.norm(X, axis=1); np.linalg.norm(w, 1); np.linalg.norm(X, axis=1, keepdims=True); np.exp(X)
np.log(np.abs(X)); np.sqrt(np.square(X)); np.tanh(X); np.sin(X); np.cos(X); np.tan(X); np.sinh(X); np.cosh(X)
np.log1p(X**2); np.expm1(X); np.log2(np.fabs(X)); np.log10(np.absolute(X)); np.exp2(X); np.arcsinh(X)
np.arctanh(np.tanh(X)); np.reciprocal(X); np.sign(X); np.negative(X); np.add(X, Z); np.subtract(X, w)
np.multiply(X, Z); np.divide(X, Z); np.true_divide(X, 2); np.power(X, 2); np.maximum(0, X); np.maximum(X, 0)
np.maximum(X, Z); np.minimum(X, w); np.clip(X, -1, 1); np.clip(X, 0, None); X.clip(-0.5, 0.5)
np.where(X > 0, X, 0); np.where(X > 0, X, 0.01 * X); np.where(X > Z, X, Z); np.heaviside(X, 0)
np.heaviside(X, 0.5); np.logaddexp(X, Z); (X > 0) * Z; (X > 0).astype(float); 1.0 * (X > 0); (X > 0) * 1
(X > 0) & (Z < 0); (X > 0) | (Z < 0); ~(X > 0); np.logical_not(X > 0); (X > 0) ^ (Z > 0)
np.logical_and(X > 0, Z > 0); np.logical_xor(X > 0, Z > 0); (X > 0) + (Z > 0); (X > 0) * (Z > 0); (X > 0) + 1
1 - (X > 0); np.sum(X > 0); np.sum(X > 0, axis=0); np.mean(X > 0); (X > 0).sum(); np.maximum(X > 0, Z > 0)
(X > 0) / 2; -1 * (X > 0); np.greater(X, 0) * Z; X == Z; X != Z; (X >= 0) * 2.0; np.any(X > 0, axis=1)
np.all(X > 0); np.count_nonzero(X > 0); np.greater_equal(X, 0); (X > 0).astype(np.float32) * Z
np.float64(s) * X; X.astype(np.float64); np.asarray(X); np.array(X); X.copy(); np.copy(X); float(s) * X
np.zeros(X.shape); np.zeros_like(X) + 1; np.ones((3, 2)); np.ones_like(w); np.zeros(3)
np.zeros((X.shape[0], 2)); np.full((2, 3), 7.5); np.full_like(X, 2); np.eye(3); np.eye(X.shape[1]); np.eye(2, 3)
np.identity(4); np.arange(5); np.arange(2, 7); np.arange(1, 8, 2); np.arange(len(X)); np.diag(w); np.diag(S)
np.diagflat(w); np.diagflat(w[:, None]); np.trace(S); S.trace(); np.tril(S); np.triu(S, k=1)
np.tril(np.ones((3, 3)), -1); np.concatenate([X, Z]); np.concatenate((X, Z), axis=1); np.hstack([X, Z])
np.vstack((X, w)); np.stack([X, Z]); np.stack([w, w], axis=1); np.column_stack([v, v]); np.hstack([w, w])
np.split(P, 2, axis=0)[1]; np.split(q, 3)[2]; np.split(q, [1, 4])[1]; np.tile(w, 2); np.tile(w, (4, 1))
np.repeat(w, 2); np.repeat(X, 3, axis=1); np.flip(X, axis=0); X[::-1]; np.flip(w); np.pad(X, ((1, 1), (0, 2)))
np.pad(w, 1, mode='constant'); np.pad(w, (1, 2)); np.pad(X, ((0, 0), (1, 1)), 'constant', constant_values=3)
np.broadcast_to(w, X.shape) * 2; np.atleast_2d(w); X[0]; X[-1]; X[:, 0]; X[1:]; X[:-1]; X[:, 1:3]; P[1, 2, 3]
P[:, 1:, ::2]; R[0:2, 1:5]; R[::2]; P[..., 0]; P[0, ..., 1]; q[2:5] - q[1:4]; X[np.arange(X.shape[0]), y]
X[range(len(y)), y]; X[np.arange(len(X)), y].sum(); X[y]; W[:, y]; np.eye(2)[y]; R[[0, 2]]; q[np.array([1, 3])]
X[np.arange(len(y)), y][:, None]; X[np.arange(len(y)), y].reshape(-1, 1)
np.take_along_axis(X, y[:, None], axis=1); np.take(X, y, axis=1); X[X > 0].sum(); X[X > 0].mean()
np.sum(X[X > 0] ** 2); np.sum((X * Z)[Z > 0]); y == 1; (y == 1) * 1.0; y * 2; y / 2; X * y[:, None]
X.shape[0] * X; X / X.shape[0]; X / float(X.shape[0]); X / len(X); 1.0 / X.shape[0] * X; X * X.size; X * X.ndim
X / (2 * X.shape[0]); (1 / X.shape[0]) * X; X / np.float64(X.shape[0]); X * (X.shape[0] - 1); X ** -1
(X ** 2) ** 0.5; (X ** 2 + 1) ** (-1.5); (X ** 2 + 1) ** (-1 / 2)
np.exp(X) / np.sum(np.exp(X), axis=1, keepdims=True); np.exp(X - X.max(axis=1)[:, None])
(np.exp(X).T / np.exp(X).sum(axis=1)).T; v - v[:, None]; v[:, None] - v; X - v[:, None]; X.T - v
X * X.sum(axis=1, keepdims=True); (v * v[:, None]).sum(1); np.pi * X; np.e ** X; -np.inf * np.ones(2); [X, Z][1]
(X, Z)[-1]; {"a": X}["a"]; sum([X, Z]); sum(X); max(1, 2) * X; abs(X); pow(X, 2); X if True else Z
(lambda t: t * t)(X); [t * 2 for t in (X, Z)][0]; sum(t.sum() for t in [X, Z]); np.array([1, 2, 3, 4, 5, 6]) * q
np.array([[1.5], [2]]) * w; np.sum([X, Z], axis=0); np.mean([X, Z]); {k: 2 * t for k, t in enumerate([X, Z])}[1]
[i * X for i in range(4) if i % 2][1]; dict(a=X)["a"]
np.rot90(R); np.rot90(R, 2); np.rot90(R, k=-1); np.lib.stride_tricks.sliding_window_view(R, (2, 3))
np.lib.stride_tricks.sliding_window_view(R, 2, axis=1); {'W1': X}['W%d' % 1]; {'W1': X}['W{}'.format(1)]
np.int64(X > 0) * Z
"""
CASES = [e.strip() for line in EXPRESSIONS.strip().splitlines() for e in line.split("; ")]


@pytest.mark.parametrize("expression", CASES)
def test_an_expression_means_what_numpy_means(expression: str) -> None:
    agree(f"def f({PARAMETERS}):\n    out = {expression}\n    return out", LEAVES)


STATEMENTS = {
    "a name is the same array": "a = X; a[0] = 1; out = a * X",
    "a copy is another": "a = X.copy(); a[0] = 1; out = a - X",
    "arithmetic makes another": "a = X * 1; a += 1; out = a - X",
    "in place changes all names": "a = X * 2; b = a; b *= 3; out = a",
    "an assignment binds anew": "a = X * 2; b = a; b = b * 3; out = a",
    "a transpose is a view": "a = X * 2; b = a.T; b[0] = 0; out = a",
    "a view sees later writes": "a = X * 2; b = a[1:]; a[2] = 5; out = b * 1",
    "a slice writes through": "a = X * 2; b = a[:, 0]; b -= 1; b *= 2; out = a",
    "views of views": "a = P * 1; b = a[1]; c = b.T; c[0, 1] = 9; c[1:3] += 2; out = a",
    "a reshape of plain memory is a view": "a = X * 1; b = a.reshape(-1); b[0] = 7; b[2:4] *= 3; out = a",
    "ravel is a view, flatten a copy": "a = X * 1; b = a.ravel(); c = a.flatten(); b[1] = 4; c[2] = 5; out = a + 0",
    "new axes are views": "a = w * 1; b = a[:, None]; b += 1; c = a[None]; c[0, 1] = 3; out = a",
    "whole assignments": "a = np.zeros_like(X); b = a; a[:] = Z; a[...] = a * 2; out = b",
    "broadcast into a slice": "a = np.zeros((2, len(w))); a[1] = w; a[:, 0] = 5; out = a",
    "labels": "p = X * 1; p[np.arange(len(y)), y] -= 1; out = p",
    "labels by range": "p = X * 1; p[range(X.shape[0]), y] -= 1; p /= len(y); out = p",
    "labels set": "p = X * 1; p[np.arange(len(y)), y] = 0; out = p",
    "labels set to an array": "p = X * 1; p[np.arange(len(y)), y] = v * 2; out = p",
    "labels scaled": "p = X * 1; p[np.arange(len(y)), y] *= v; out = p",
    "labels powered": "p = X * 1; p[np.arange(len(y)), y] **= 2; out = p",
    "labels added an array": "p = X * 1; p[np.arange(len(y)), y] += v; out = p",
    "labels less a column sum": "m = (X > 0) * 1.0; m[np.arange(len(y)), y] = -np.sum(m, axis=1); out = m",
    "labels of columns": "p = X.T * 1; p[y, np.arange(len(y))] -= 1; out = p",
    "labels through a view": "p = X * 1; p.T[y, np.arange(len(y))] -= 1; out = p",
    "labels within zeros": "t = np.zeros(X.shape); t[np.arange(len(y)), y] = 1; out = t - X",
    "labels in the middle": "p = B * 1; p[np.arange(len(y)), y, :] += 1; p[np.arange(len(y)), y] *= 2; out = p",
    "labels with values in the middle": "p = B * 1; p[np.arange(len(y)), y] = B[:, 0] * 3; out = p",
    "labels per entry": (
        "p = np.zeros((*X.shape, 4)); a = np.arange(len(X))[:, None]; p[a, np.arange(X.shape[1]), k] = 1; "
        "out = p * 2"
    ),
    "the diagonal": (
        "a = S * 1; a[np.arange(len(w)), np.arange(len(w))] += 1; np.fill_diagonal(a, 2 * np.diag(S)); "
        "out = a"
    ),
    "counting rows alone": "a = X * 1; a[np.arange(len(X))] *= 2; a[range(len(X)), :] += 1; out = a",
    "masks set": "a = X * 1; a[Z <= 0] = 0; out = a",
    "masks set in turn": "a = X * 1; a[a < 0] = 0; a[a > 0.5] = 1; out = a",
    "masks scaled": "a = X * 1; a[X < 0] *= 0.01; a[X > 0] += 1; a[Z > 0] -= w[0]; out = a",
    "masks copy": "a = np.zeros_like(X); m = X > 0; a[m] = Z[m]; out = a",
    "masks with arithmetic": "a = np.ones_like(X); m = X < 0; a[m] = np.exp(X[m]) * 2 - Z[m] / 3; out = a",
    "masks of rows": "a = X * 1; a[v > 0] = 0; a[v < 0, :] *= 2; out = a",
    "masks by where": "a = X * 1; a[np.where(X > 0)] = 1; a[np.nonzero(X < 0)] = -1; out = a",
    "masks inverted": "a = X * 1; m = X > 0; a[~m] = 0; out = a",
    "masks of masks": "m = X > 0; n = m * Z; m[n > 0] = False; out = m * X + n",
    "masks through a view": "a = X * 1; b = a[1:]; b[b < 0] = 0; out = a",
    "a mask times an array, in place": "a = X * 1; a *= Z > 0; out = a",
    "loops": "a = np.zeros_like(X)\nfor i in range(3):\n    a += i * X\nout = a",
    "loops that write rows": "a = np.zeros((2, 3))\nfor i in range(2):\n    a[i] = P[i, :, 1]\nout = a",
    "loops that add at places": (
        "a = np.zeros((4, 6))\nfor i in range(3):\n    for j in range(2):\n"
        "        a[i:i+2, 2*j:2*j+3] += R[i, j] * R[1:3, 2:5]\nout = a"
    ),
    "loops that overwrite": "a = np.zeros((4, 6))\nfor i in range(3):\n    a[i:i+2, 1:3] = R[i, 2:4]\nout = a",
    "loops over lists": "out = 0\nfor a, c in zip([X, Z], [1, 2]):\n    out = out + a * c",
    "loops that stop": (
        "out = X\nfor i in range(9):\n    if i == 1: continue\n    if i > 3: break\n    out = out * i + 1"
    ),
    "an array run through": "out = 0\nfor row in P:\n    out = out + row * 2",
    "conditions that are known": "a = None\nif X.ndim == 2 and a is None:\n    out = X\nelse:\n    out = Z",
    "lists": "a = []\nfor i in range(3):\n    a.append(X * i)\na[1] = Z\nout = np.stack(a[::-1])",
    "dictionaries": (
        "a = {}\nfor i in range(3):\n    a['W' + str(i)] = X * i\n    a[f'b{i}'] = w\nb = a.get('W2'); "
        "out = a['W1'] * a['b1'] + b"
    ),
    "entries in place": "a = {'g': X * 1}; b = a['g']; a['g'] += 1; out = b",
    "entries bound anew": "a = {'g': X * 1}; b = a['g']; a['g'] = a['g'] + 1; out = b",
    "lists of arrays in place": "a = [X * 1, Z * 1]; a[0] -= 1; b, c = a; b[0] = 3; out = a[0] + c",
    "single numbers are not shared": "a = X.sum(); b = a; b += 1; out = a",
    "chained targets": "a = b = np.zeros_like(X); a += 1; out = b",
    "swaps": "a, b = X, Z; a, b = b, a; out = a - 2 * b",
    "zeros, added to": "a = np.zeros_like(X); a += Z; a -= X; out = a",
    "repeated rows": "a = np.zeros(W.shape); np.add.at(a, y, B[:, 0]); out = a",
    "repeated places": "a = np.zeros(X.shape); np.add.at(a, (y, y), v); np.subtract.at(a, y, X); out = a",
    "a step through": "a = R * 1; a[::2, 1::2] = 0; a[1::2] *= 3; out = a",
    "reversed": "a = R * 1; a[::-1] += np.arange(4)[:, None]; out = a",
    "numbers of whole kind": "a = np.arange(6); a *= 2; b = a // 1 if False else a; out = b * q",
    "unpacked shapes": "n, d = X.shape; out = X / n + d",
    "unpacked shapes of three": "n, d, h = B.shape; out = B.reshape(n * d, h).sum(axis=0) / (n * d)",
    "nested functions": "def g(t, c=2):\n    return t * c\nout = g(X) + g(Z, c=3)",
    "nested functions see names": "c = 3\ndef g(t):\n    return t * c\nout = g(X)",
    "functions share their arguments": "def g(t):\n    t += 1\na = X * 1\ng(a)\nout = a",
    "augmented slices of lists": "a = [1, 2]; a += [3]; out = X * a[-1]",
    "filling": "a = X * 1; a.fill(2); out = a",
    "whole numbers in place": "a = y * 1; a += 2; a -= y; a[a > 2] = 7; out = a * v",
    "truth values in place": "a = X > 0; b = a; a *= Z > 0; b += X < -1; out = a * 1.0",
    "what a mask picks is a copy": "a = X * 1; b = a[X > 0]; b *= 2; a[X > 0] = b; b += 5; out = a",
    "what labels pick is a copy": "a = X * 1; b = a[y]; b *= 2; out = a",
    "overlapping views": "a = q * 1; a[1:] += a[:-1]; out = a",
    "its own transpose": "a = S * 1; a += a.T; out = a",
    "a row of a row": "a = P * 1; a[0][1][2] = 5; a[1][0] += q[:4]; out = a",
    "a write after a read": "a = np.zeros((2, 3)); b = a + 1; a[0] = 2; out = a + b",
    "zeros twice": "a = np.zeros((2, 3)); a[0] = 1; a[0] = 2; a[:, 1] = 3; a[1, 2] += 4; out = a",
    "written into": "a = X * 2; b = a; np.clip(a, -1, 1, out=a); np.multiply(b, Z, out=b[:]); out = a",
    "no warnings": "with np.errstate(divide='ignore'):\n    a = X / 2\n    out = a * 3",
    "split parts are views": "a = q * 1; b, c = np.split(a, 2); b += 1; c[0] = 9; out = a",
}


@pytest.mark.parametrize("what", STATEMENTS)
def test_statements_do_to_memory_what_numpy_does(what: str) -> None:
    body = textwrap.indent(STATEMENTS[what].replace("; ", "\n"), "    ")
    agree(f"def f({PARAMETERS}):\n{body}\n    return out", LEAVES)
