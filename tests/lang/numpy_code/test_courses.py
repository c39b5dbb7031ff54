"""Backward passes as courses assign them: read, and equal to the derived gradients at random points."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
import pytest

from graphc.derive.reverse import grad
from graphc.lang.numpy_code import CodeProgram
from graphc.ops.naive import evaluate
from tests.lang.numpy_code.running import SIZES, env_of, read, values_of


@dataclass(frozen=True)
class Course:
    """A model in the graph language, a function beside it, and the gradients it returns."""

    model: str
    code: str
    gives: str
    name: str = "f"
    bind: tuple[tuple[str, str], ...] = ()


def returned(program: CodeProgram) -> dict[str, object]:
    """The gradients a function returns, by their subjects."""
    return {v.subject: v for v in program.values if v.returned and v.subject}


TWO_LAYER = """
    X = input(N, D); y = input(N, dtype=int); W1 = param(D, H); b1 = param(H); W2 = param(H, C); b2 = param(C)
    reg = input()
    z1 = X @ W1 + b1; h = relu(z1); scores = h @ W2 + b2; probs = softmax(scores)
    loss = cross_entropy(scores, y) + reg*sum(W1**2)/2 + reg*sum(W2**2)/2
"""
BATCH_NORM = """
    x = input(N, D); gamma = param(D); beta = param(D); dout = input(N, D)
    mu = mean(x, axis=0); xmu = x - mu; var = mean(xmu**2, axis=0); std = sqrt(var + 1e-5); xhat = xmu/std
    out = gamma*xhat + beta
    loss = sum(out*dout)
"""
AFFINE = """
    x = input(N, 2, 3); w = param(6, M); b = param(M); dout = input(N, M)
    out = reshape(x, (N, 6)) @ w + b
    loss = sum(out*dout)
"""
COURSES = {
    "two layers, course style": Course(
        TWO_LAYER,
        """
        def loss_and_grads(X, y, W1, b1, W2, b2, reg=0.0):
            # forward
            N = X.shape[0]
            z1 = X.dot(W1) + b1
            a1 = np.maximum(0, z1)
            s = a1.dot(W2) + b2
            shifted = s - np.max(s, axis=1, keepdims=True)
            exp_scores = np.exp(shifted)
            p = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
            correct = -np.log(p[range(N), y])
            loss = np.sum(correct) / N
            loss += 0.5 * reg * np.sum(W1 * W1) + 0.5 * reg * np.sum(W2 * W2)
            # backward
            grads = {}
            ds = p
            ds[range(N), y] -= 1
            ds /= N
            grads['W2'] = np.dot(a1.T, ds)
            grads['b2'] = np.sum(ds, axis=0)
            dhidden = np.dot(ds, W2.T)
            dhidden[a1 <= 0] = 0
            grads['W1'] = np.dot(X.T, dhidden)
            grads['b1'] = np.sum(dhidden, axis=0)
            grads['W2'] += reg * W2
            grads['W1'] += reg * W1
            return loss, grads
        """,
        "W1 b1 W2 b2",
        "loss_and_grads",
    ),
    "two layers from a cache": Course(
        TWO_LAYER,
        """
        def backward(cache, params, reg):
            X, y, h, probs = cache
            W1, W2 = params["W1"], params["W2"]
            N = len(y)
            onehot = np.zeros_like(probs)
            onehot[np.arange(N), y] = 1
            dscores = (probs - onehot) / N
            dW2 = h.T @ dscores + reg * W2
            db2 = dscores.sum(axis=0)
            dz1 = dscores @ W2.T * (h > 0)
            dW1 = X.T @ dz1 + reg * W1
            db1 = np.sum(dz1, axis=0, keepdims=True)[0]
            return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
        """,
        "W1 b1 W2 b2",
        "backward",
    ),
    "a method with self": Course(
        TWO_LAYER,
        """
        class Net:
            def softmax(self, z):
                e = np.exp(z - z.max(axis=-1, keepdims=True))
                return e / e.sum(axis=-1, keepdims=True)

            def backward(self, y):
                m = self.X.shape[0]
                dz = self.softmax(self.cache['scores'])
                dz[np.arange(m), y] -= 1.
                dz *= 1. / m
                self.dW2 = np.matmul(self.cache['h'].T, dz) + self.reg * self.params['W2']
                self.db2 = dz.sum(0)
                dz = np.where(self.cache['z1'] > 0, dz @ self.params['W2'].T, 0)
                self.dW1 = self.X.T @ dz + self.reg * self.params['W1']
                self.db1 = np.einsum('nh->h', dz)
                return self.dW1, self.db1, self.dW2, self.db2
        """,
        "W1 b1 W2 b2",
        "backward",
    ),
    "batch norm, step by step": Course(
        BATCH_NORM,
        """
        def batchnorm_backward(dout, cache):
            x, gamma, mu, var = cache
            eps = 1e-5
            N, D = dout.shape
            xmu = x - mu
            sqrtvar = np.sqrt(var + eps)
            ivar = 1. / sqrtvar
            xhat = xmu * ivar
            dbeta = np.sum(dout, axis=0)
            dgammax = dout
            dgamma = np.sum(dgammax * xhat, axis=0)
            dxhat = dgammax * gamma
            divar = np.sum(dxhat * xmu, axis=0)
            dxmu1 = dxhat * ivar
            dsqrtvar = -1. / (sqrtvar ** 2) * divar
            dvar = 0.5 * 1. / np.sqrt(var + eps) * dsqrtvar
            dsq = 1. / N * np.ones((N, D)) * dvar
            dxmu2 = 2 * xmu * dsq
            dx1 = dxmu1 + dxmu2
            dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
            dx2 = 1. / N * np.ones((N, D)) * dmu
            dx = dx1 + dx2
            return dx, dgamma, dbeta
        """,
        "x gamma beta",
        "batchnorm_backward",
    ),
    "batch norm, in one formula": Course(
        BATCH_NORM,
        """
        def batchnorm_backward_alt(dout, cache):
            dx, dgamma, dbeta = None, None, None
            xhat, gamma, std = cache["xhat"], cache["gamma"], cache["std"]
            N = dout.shape[0]
            dbeta = dout.sum(axis=0)
            dgamma = (dout * xhat).sum(axis=0)
            dx = gamma / (N * std) * (N * dout - dbeta - xhat * dgamma)
            return dx, dgamma, dbeta
        """,
        "x gamma beta",
        "batchnorm_backward_alt",
    ),
    "affine": Course(
        AFFINE,
        """
        def affine_backward(dout, cache):
            x, w, b = cache
            dx, dw, db = None, None, None
            dx = dout.dot(w.T).reshape(x.shape)
            dw = x.reshape(x.shape[0], -1).T.dot(dout)
            db = np.sum(dout, axis=0)
            return dx, dw, db
        """,
        "x w b",
        "affine_backward",
    ),
    "affine, every size worked out": Course(
        AFFINE,
        """
        def affine_backward(dout, cache):
            x, w, b = cache
            N, D = x.shape[0], np.prod(x.shape[1:])
            rows = np.reshape(x, (N, D))
            dx, dw, db = np.dot(dout, w.T), np.dot(rows.T, dout), np.dot(dout.T, np.ones(N))
            return np.reshape(dx, x.shape), dw, db
        """,
        "w b",
        "affine_backward",
    ),
    "relu from a bare cache": Course(
        "x = input(N, D); dout = input(N, D); out = relu(x); loss = sum(out*dout)",
        """
        def relu_backward(dout, cache):
            dx, x = None, cache
            dx = np.array(dout, copy=True)
            dx[x <= 0] = 0
            return dx
        """,
        "x",
        "relu_backward",
    ),
    "relu by a copied mask": Course(
        "x = input(N, D); dout = input(N, D); out = relu(x); loss = sum(out*dout)",
        """
        def relu_backward(dout, x):
            dx = np.zeros_like(x)
            dx[x > 0] = dout[x > 0]
            return dx
        """,
        "x",
        "relu_backward",
    ),
    "softmax loss": Course(
        "x = input(N, C); y = input(N, dtype=int); loss = cross_entropy(x, y)",
        """
        def softmax_loss(x, y):
            shifted_logits = x - np.max(x, axis=1, keepdims=True)
            Z = np.sum(np.exp(shifted_logits), axis=1, keepdims=True)
            log_probs = shifted_logits - np.log(Z)
            probs = np.exp(log_probs)
            N = x.shape[0]
            loss = -np.sum(log_probs[np.arange(N), y]) / N
            dx = probs.copy()
            dx[np.arange(N), y] -= 1
            dx /= N
            return loss, dx
        """,
        "x",
        "softmax_loss",
    ),
    "multiclass hinge": Course(
        "x = input(N, C); y = input(N, dtype=int)\n"
        "    loss = sum(max(x - x[arange(N), y][:, None] + 1, 0)*(1 - one_hot(y, C)))/N",
        """
        def svm_loss(x, y):
            N = x.shape[0]
            correct = x[np.arange(N), y]
            margins = np.maximum(0, x - correct[:, np.newaxis] + 1.0)
            margins[np.arange(N), y] = 0
            loss = np.sum(margins) / N
            num_pos = np.sum(margins > 0, axis=1)
            dx = np.zeros_like(x)
            dx[margins > 0] = 1
            dx[np.arange(N), y] -= num_pos
            dx /= N
            return loss, dx
        """,
        "x",
        "svm_loss",
    ),
    "logistic regression with examples in columns": Course(
        "X = input(D, N); Y = input(1, N); w = param(D, 1); b = param()\n"
        "    A = sigmoid(w.T @ X + b); J = -sum(Y*log(A) + (1-Y)*log(1-A))/N",
        """
        def sigmoid(z):
            return 1 / (1 + np.exp(-z))

        def propagate(w, b, X, Y):
            m = X.shape[1]
            A = sigmoid(np.dot(w.T, X) + b)
            cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
            dw = 1 / m * np.dot(X, (A - Y).T)
            db = 1 / m * np.sum(A - Y)
            cost = np.squeeze(np.array(cost))
            grads = {"dw": dw, "db": db}
            return grads, cost
        """,
        "w b",
        "propagate",
    ),
    "two layers with examples in columns": Course(
        "X = input(D, N); Y = input(1, N); W1 = param(H, D); b1 = param(H, 1); W2 = param(1, H); b2 = param(1, 1)\n"
        "    A1 = tanh(W1 @ X + b1); A2 = sigmoid(W2 @ A1 + b2); J = -sum(Y*log(A2) + (1-Y)*log(1-A2))/N",
        """
        def backward_propagation(parameters, cache, X, Y):
            m = X.shape[1]
            W1 = parameters["W1"]
            W2 = parameters["W2"]
            A1 = cache["A1"]
            A2 = cache["A2"]
            dZ2 = A2 - Y
            dW2 = (1 / m) * np.dot(dZ2, A1.T)
            db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
            dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
            dW1 = (1 / m) * np.dot(dZ1, X.T)
            db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)
            return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
        """,
        "W1 b1 W2 b2",
        "backward_propagation",
    ),
    "lists of weights, from the last layer": Course(
        "x = input(D, 1); y = input(C, 1); W1 = param(H, D); b1 = param(H, 1); W2 = param(C, H); b2 = param(C, 1)\n"
        "    loss = sum((sigmoid(W2 @ sigmoid(W1 @ x + b1) + b2) - y)**2)/2",
        """
        def sigmoid(z):
            return 1.0/(1.0+np.exp(-z))

        def sigmoid_prime(z):
            return sigmoid(z)*(1-sigmoid(z))

        def backprop(x, y, W1, b1, W2, b2):
            biases, weights = [b1, b2], [W1, W2]
            nabla_b = [np.zeros(b.shape) for b in biases]
            nabla_w = [np.zeros(w.shape) for w in weights]
            activation = x
            activations = [x]
            zs = []
            for b, w in zip(biases, weights):
                z = np.dot(w, activation)+b
                zs.append(z)
                activation = sigmoid(z)
                activations.append(activation)
            delta = (activations[-1] - y) * sigmoid_prime(zs[-1])
            nabla_b[-1] = delta
            nabla_w[-1] = np.dot(delta, activations[-2].transpose())
            for l in range(2, 3):
                z = zs[-l]
                sp = sigmoid_prime(z)
                delta = np.dot(weights[-l+1].transpose(), delta) * sp
                nabla_b[-l] = delta
                nabla_w[-l] = np.dot(delta, activations[-l-1].transpose())
            dW1, dW2 = nabla_w
            db1, db2 = nabla_b
            return dW1, db1, dW2, db2
        """,
        "W1 b1 W2 b2",
        "backprop",
    ),
    "layers in a loop": Course(
        TWO_LAYER.replace("reg*sum(W1**2)/2 + reg*sum(W2**2)/2", "reg*sum(W1**2) + reg*sum(W2**2)"),
        """
        def affine_forward(x, w, b):
            return x @ w + b, (x, w, b)

        def affine_backward(dout, cache):
            x, w, b = cache
            return dout @ w.T, x.T @ dout, dout.sum(axis=0)

        def relu_forward(x):
            return np.maximum(x, 0), x

        def relu_backward(dout, cache):
            x = cache
            return dout * (x > 0)

        class FullyConnected:
            num_layers = 2

            def loss(self, X, y=None, layers=2):
                caches, out = {}, X
                for i in range(1, layers + 1):
                    out, caches[f'fc{i}'] = affine_forward(out, self.params[f'W{i}'], self.params[f'b{i}'])
                    if i < layers:
                        out, caches['relu%d' % i if False else 'relu' + str(i)] = relu_forward(out)
                if y is None:
                    return out
                p = np.exp(out - out.max(1, keepdims=True))
                p /= p.sum(1, keepdims=True)
                loss, grads = -np.log(p[np.arange(len(y)), y]).mean(), {}
                dout = p.copy()
                dout[np.arange(len(y)), y] -= 1
                dout /= len(y)
                for i in reversed(range(1, layers + 1)):
                    if i < layers:
                        dout = relu_backward(dout, caches['relu' + str(i)])
                    dout, grads[f'W{i}'], grads[f'b{i}'] = affine_backward(dout, caches[f'fc{i}'])
                    loss += self.reg * np.sum(self.params[f'W{i}'] ** 2)
                    grads[f'W{i}'] += 2 * self.reg * self.params[f'W{i}']
                return loss, grads
        """,
        "W1 b1 W2 b2",
        "FullyConnected.loss",
    ),
    "convolution with loops": Course(
        "x = input(2, 2, 4, 4); w = param(3, 2, 3, 3); b = param(3); dout = input(2, 3, 4, 4)\n"
        "    out = conv2d(x, w, padding=1) + b[:, None, None]; loss = sum(out*dout)",
        """
        def conv_backward_naive(dout, x, w, b, conv_param={'stride': 1, 'pad': 1}):
            stride, pad = conv_param['stride'], conv_param['pad']
            N, C, H, W = x.shape
            F, _, HH, WW = w.shape
            H_out = 1 + (H + 2 * pad - HH) // stride
            W_out = int(1 + (W + 2 * pad - WW) / stride)
            x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
            dx_pad = np.zeros_like(x_pad)
            dw = np.zeros_like(w)
            db = np.sum(dout, axis=(0, 2, 3))
            for n in range(N):
                for f in range(F):
                    for i in range(H_out):
                        for j in range(W_out):
                            hs, ws = i * stride, j * stride
                            dw[f] += x_pad[n, :, hs:hs+HH, ws:ws+WW] * dout[n, f, i, j]
                            dx_pad[n, :, hs:hs+HH, ws:ws+WW] += w[f] * dout[n, f, i, j]
            dx = dx_pad[:, :, pad:pad+H, pad:pad+W]
            return dx, dw, db
        """,
        "x w b",
        "conv_backward_naive",
    ),
    "convolution, the kernel's places in loops": Course(
        "x = input(N, 2, 5, 5); w = param(3, 2, 3, 3); dout = input(N, 3, 3, 3)\n"
        "    out = conv2d(x, w); loss = sum(out*dout)",
        """
        def conv_backward(dout, x, w):
            dx, dw = np.zeros(x.shape), np.zeros(w.shape)
            H_out, W_out = dout.shape[2:]
            for i in range(w.shape[2]):
                for j in range(w.shape[3]):
                    window = x[:, :, i:i + H_out, j:j + W_out]
                    dw[:, :, i, j] = np.einsum('nfhw,nchw->fc', dout, window)
                    back = np.tensordot(dout, w[:, :, i, j], axes=(1, 0))
                    dx[:, :, i:i + H_out, j:j + W_out] += back.transpose(0, 3, 1, 2)
            return dx, dw
        """,
        "x w",
        "conv_backward",
    ),
    "max pooling with loops": Course(
        "x = input(2, 2, 4, 4); dout = input(2, 2, 2, 2); out = max_pool2d(x, size=2); loss = sum(out*dout)",
        """
        def max_pool_backward_naive(dout, cache):
            x = cache
            dx = np.zeros_like(x)
            N, C, H_out, W_out = dout.shape
            for n in range(N):
                for c in range(C):
                    for i in range(H_out):
                        for j in range(W_out):
                            window = x[n, c, 2*i:2*i+2, 2*j:2*j+2]
                            mask = window == np.max(window)
                            dx[n, c, 2*i:2*i+2, 2*j:2*j+2] += mask * dout[n, c, i, j]
            return dx
        """,
        "x",
        "max_pool_backward_naive",
    ),
    "a recurrent step": Course(
        "x = input(N, D); prev_h = input(N, H); Wx = param(D, H); Wh = param(H, H); b = param(H)\n"
        "    dnext_h = input(N, H)\n"
        "    next_h = tanh(x @ Wx + prev_h @ Wh + b); loss = sum(next_h*dnext_h)",
        """
        def rnn_step_backward(dnext_h, cache):
            x, prev_h, Wx, Wh, next_h = cache
            dtanh = dnext_h * (1 - next_h ** 2)
            dx = dtanh.dot(Wx.T)
            dprev_h = dtanh.dot(Wh.T)
            dWx = x.T.dot(dtanh)
            dWh = prev_h.T.dot(dtanh)
            db = dtanh.sum(axis=0)
            return dx, dprev_h, dWx, dWh, db
        """,
        "x prev_h Wx Wh b",
        "rnn_step_backward",
    ),
    "a long short-term memory step": Course(
        "x = input(N, D); prev_h = input(N, H); prev_c = input(N, H); Wx = param(D, 4*H); Wh = param(H, 4*H)\n"
        "    b = param(4*H); dnext_h = input(N, H); a = x @ Wx + prev_h @ Wh + b\n"
        "    i = sigmoid(a[:, 0:H]); f = sigmoid(a[:, H:2*H]); o = sigmoid(a[:, 2*H:3*H]); gg = tanh(a[:, 3*H:4*H])\n"
        "    next_c = f*prev_c + i*gg; next_h = o*tanh(next_c); loss = sum(next_h*dnext_h)",
        """
        def lstm_step_backward(dnext_h, cache):
            x, prev_h, prev_c, Wx, Wh, i, f, o, gg, next_c = cache
            N, H = dnext_h.shape
            tc = np.tanh(next_c)
            do = tc * dnext_h
            dc = dnext_h * o * (1 - tc ** 2)
            df = dc * prev_c
            dprev_c = dc * f
            di = dc * gg
            dg = dc * i
            da = np.zeros((N, 4 * H))
            da[:, :H] = di * i * (1 - i)
            da[:, H:2*H] = df * f * (1 - f)
            da[:, 2*H:3*H] = do * o * (1 - o)
            da[:, 3*H:] = dg * (1 - gg ** 2)
            return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, da.sum(0)
        """,
        "prev_c",
        "lstm_step_backward",
    ),
    "an embedding": Course(
        "x = input(N, D, dtype=int); W = param(K, H); dout = input(N, D, H); out = embedding(W, x)\n"
        "    loss = sum(out*dout)",
        """
        def word_embedding_backward(dout, cache):
            x, W = cache
            dW = np.zeros_like(W)
            np.add.at(dW, x, dout)
            return dW
        """,
        "W",
        "word_embedding_backward",
    ),
    "attention": Course(
        "Q = input(N, D); K = input(M, D); V = input(M, H); dO = input(N, H)\n"
        "    S = Q @ K.T / sqrt(D); A = softmax(S); O = A @ V; loss = sum(O*dO)",
        """
        def attention_backward(dO, cache):
            Q, K, V, A = cache
            d = Q.shape[-1]
            dV = A.T @ dO
            dA = dO @ V.T
            dS = A * (dA - (dA * A).sum(axis=-1, keepdims=True))
            dS /= np.sqrt(d)
            dQ = dS @ K
            dK = dS.T @ Q
            return dQ, dK, dV
        """,
        "Q K V",
        "attention_backward",
    ),
    "layer norm": Course(
        "x = input(N, D); gamma = param(D); beta = param(D); dout = input(N, D)\n"
        "    mu = mean(x, axis=1, keepdims=True); sigma = sqrt(mean((x - mu)**2, axis=1, keepdims=True) + 1e-5)\n"
        "    xhat = (x - mu)/sigma; loss = sum((gamma*xhat + beta)*dout)",
        """
        def layernorm_backward(dout, x, gamma):
            mean = x.mean(axis=1, keepdims=True)
            sigma = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
            xhat = (x - mean) / sigma
            dgamma, dbeta = (dout * xhat).sum(axis=0), dout.sum(axis=0)
            dxhat = dout * gamma
            dx = (dxhat - dxhat.mean(axis=1)[:, None] - xhat * (dxhat * xhat).mean(axis=1)[:, None]) / sigma
            return dx, dgamma, dbeta
        """,
        "x gamma beta",
        "layernorm_backward",
    ),
    "dropout by its mask": Course(
        "x = input(N, D); mask = input(N, D); dout = input(N, D); out = x*mask/0.8; loss = sum(out*dout)",
        """
        def dropout_backward(dout, cache):
            dropout_param, mask = cache
            mode = 'train'
            dx = None
            if mode == 'train':
                dx = dout * mask / 0.8
            elif mode == 'test':
                dx = dout
            return dx
        """,
        "x",
        "dropout_backward",
    ),
    "linear regression": Course(
        "X = input(N, D); y = input(N); w = param(D); b = param(); loss = mean((X @ w + b - y)**2)",
        """
        def gradient(X, y, w, b):
            N = len(X)
            error = (X @ w + b) - y
            grad_w = 2 / N * X.T @ error
            b_grad = 2 * np.mean(error)
            return grad_w, b_grad
        """,
        "w b",
        "gradient",
    ),
    "softmax by rows": Course(
        "W = param(D, C); X = input(3, D); y = input(3, dtype=int); loss = cross_entropy(X @ W, y)",
        """
        def softmax_loss_naive(W, X, y):
            loss = 0.0
            dW = np.zeros_like(W)
            num_train = X.shape[0]
            for i in range(num_train):
                f = X[i].dot(W)
                f -= np.max(f)
                p = np.exp(f) / np.sum(np.exp(f))
                loss += -np.log(p[y[i]])
                p[y[i]] -= 1
                dW += np.outer(X[i], p)
            dW /= num_train
            return loss / num_train, dW
        """,
        "W",
        "softmax_loss_naive",
    ),
    "characters one by one": Course(
        "xs = input(3, dtype=int); ts = input(3, dtype=int); hprev = input(H, 1); Wxh = param(H, C)\n"
        "    Whh = param(H, H); Why = param(C, H); bh = param(H, 1); by = param(C, 1); E = one_hot(xs, C)\n"
        "    h0 = tanh(Wxh @ E[0][:, None] + Whh @ hprev + bh); h1 = tanh(Wxh @ E[1][:, None] + Whh @ h0 + bh)\n"
        "    h2 = tanh(Wxh @ E[2][:, None] + Whh @ h1 + bh)\n"
        "    loss = -(log_softmax(reshape(Why @ h0 + by, C))[ts[0]] + log_softmax(reshape(Why @ h1 + by, C))[ts[1]]"
        " + log_softmax(reshape(Why @ h2 + by, C))[ts[2]])",
        """
        def lossFun(inputs, targets, hprev):
            xs, hs, ys, ps = {}, {}, {}, {}
            hs[-1] = np.copy(hprev)
            loss = 0
            # forward pass
            for t in range(len(inputs)):
                xs[t] = np.zeros((vocab_size, 1))
                xs[t][inputs[t]] = 1
                hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]) + bh)
                ys[t] = np.dot(Why, hs[t]) + by
                ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
                loss += -np.log(ps[t][targets[t], 0])
            # backward pass
            dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
            dbh, dby = np.zeros_like(bh), np.zeros_like(by)
            dhnext = np.zeros_like(hs[0])
            for t in reversed(range(len(inputs))):
                dy = np.copy(ps[t])
                dy[targets[t]] -= 1
                dWhy += np.dot(dy, hs[t].T)
                dby += dy
                dh = np.dot(Why.T, dy) + dhnext
                dhraw = (1 - hs[t] * hs[t]) * dh
                dbh += dhraw
                dWxh += np.dot(dhraw, xs[t].T)
                dWhh += np.dot(dhraw, hs[t-1].T)
                dhnext = np.dot(Whh.T, dhraw)
            return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs)-1]
        """,
        "Wxh Whh Why bh by",
        "lossFun",
        (("inputs", "xs"), ("targets", "ts"), ("vocab_size", "C")),
    ),
    "softmax with loss, as a layer": Course(
        "x = input(N, C); t = input(N, dtype=int); loss = cross_entropy(x, t)",
        """
        def softmax(x):
            if x.ndim == 2:
                x = x.T
                x = x - np.max(x, axis=0)
                y = np.exp(x) / np.sum(np.exp(x), axis=0)
                return y.T
            x = x - np.max(x)
            return np.exp(x) / np.sum(np.exp(x))

        def cross_entropy_error(y, t):
            if y.ndim == 1:
                t = t.reshape(1, t.size)
                y = y.reshape(1, y.size)
            if t.size == y.size:
                t = t.argmax(axis=1)
            batch_size = y.shape[0]
            return -np.sum(np.log(y[np.arange(batch_size), t])) / batch_size

        class SoftmaxWithLoss:
            def __init__(self):
                self.y = None

            def forward(self, x, t):
                self.t = t
                self.y = softmax(x)
                self.loss = cross_entropy_error(self.y, self.t)
                return self.loss

            def backward(self, x, t, dout=1):
                self.forward(x, t)
                batch_size = self.t.shape[0]
                if self.t.size == self.y.size:
                    dx = (self.y - self.t) / batch_size
                else:
                    dx = self.y.copy()
                    dx[np.arange(batch_size), self.t] -= 1
                    dx = dx / batch_size
                return dx * dout
        """,
        "x",
        "SoftmaxWithLoss.backward",
    ),
    "convolution by columns": Course(
        "x = input(N, 2, 5, 5); W = param(3, 2, 3, 3); b = param(3); dout = input(N, 3, 3, 3)\n"
        "    loss = sum((conv2d(x, W, padding=1, stride=2) + b[:, None, None])*dout)",
        """
        def im2col(input_data, filter_h, filter_w, stride=1, pad=0):
            N, C, H, W = input_data.shape
            out_h = (H + 2*pad - filter_h)//stride + 1
            out_w = (W + 2*pad - filter_w)//stride + 1
            img = np.pad(input_data, [(0,0), (0,0), (pad, pad), (pad, pad)], 'constant')
            col = np.zeros((N, C, filter_h, filter_w, out_h, out_w))
            for y in range(filter_h):
                y_max = y + stride*out_h
                for x in range(filter_w):
                    x_max = x + stride*out_w
                    col[:, :, y, x, :, :] = img[:, :, y:y_max:stride, x:x_max:stride]
            return col.transpose(0, 4, 5, 1, 2, 3).reshape(N*out_h*out_w, -1)

        def col2im(col, input_shape, filter_h, filter_w, stride=1, pad=0):
            N, C, H, W = input_shape
            out_h = (H + 2*pad - filter_h)//stride + 1
            out_w = (W + 2*pad - filter_w)//stride + 1
            col = col.reshape(N, out_h, out_w, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
            img = np.zeros((N, C, H + 2*pad + stride - 1, W + 2*pad + stride - 1))
            for y in range(filter_h):
                y_max = y + stride*out_h
                for x in range(filter_w):
                    x_max = x + stride*out_w
                    img[:, :, y:y_max:stride, x:x_max:stride] += col[:, :, y, x, :, :]
            return img[:, :, pad:H + pad, pad:W + pad]

        class Convolution:
            def backward(self, dout):
                stride, pad = 2, 1
                FN, C, FH, FW = self.W.shape
                col = im2col(self.x, FH, FW, stride, pad)
                col_W = self.W.reshape(FN, -1).T
                dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
                self.db = np.sum(dout, axis=0)
                self.dW = np.dot(col.T, dout)
                self.dW = self.dW.transpose(1, 0).reshape(FN, C, FH, FW)
                dcol = np.dot(dout, col_W.T)
                dx = col2im(dcol, self.x.shape, FH, FW, stride, pad)
                return dx, self.dW, self.db
        """,
        "x W b",
        "Convolution.backward",
    ),
    "convolution by index arrays": Course(
        "x = input(2, 2, 4, 4); w = param(3, 2, 3, 3); dout = input(2, 3, 4, 4)\n"
        "    loss = sum(conv2d(x, w, padding=1)*dout)",
        """
        def get_im2col_indices(x_shape, field_height, field_width, padding=1, stride=1):
            N, C, H, W = x_shape
            assert (H + 2 * padding - field_height) % stride == 0
            out_height = (H + 2 * padding - field_height) // stride + 1
            out_width = (W + 2 * padding - field_width) // stride + 1
            i0 = np.repeat(np.arange(field_height), field_width)
            i0 = np.tile(i0, C)
            i1 = stride * np.repeat(np.arange(out_height), out_width)
            j0 = np.tile(np.arange(field_width), field_height * C)
            j1 = stride * np.tile(np.arange(out_width), out_height)
            i = i0.reshape(-1, 1) + i1.reshape(1, -1)
            j = j0.reshape(-1, 1) + j1.reshape(1, -1)
            k = np.repeat(np.arange(C), field_height * field_width).reshape(-1, 1)
            return (k, i, j)

        def im2col_indices(x, field_height, field_width, padding=1, stride=1):
            p = padding
            x_padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode='constant')
            k, i, j = get_im2col_indices(x.shape, field_height, field_width, padding, stride)
            cols = x_padded[:, k, i, j]
            C = x.shape[1]
            return cols.transpose(1, 2, 0).reshape(field_height * field_width * C, -1)

        def col2im_indices(cols, x_shape, field_height=3, field_width=3, padding=1, stride=1):
            N, C, H, W = x_shape
            H_padded, W_padded = H + 2 * padding, W + 2 * padding
            x_padded = np.zeros((N, C, H_padded, W_padded), dtype=cols.dtype)
            k, i, j = get_im2col_indices(x_shape, field_height, field_width, padding, stride)
            cols_reshaped = cols.reshape(C * field_height * field_width, -1, N)
            cols_reshaped = cols_reshaped.transpose(2, 0, 1)
            np.add.at(x_padded, (slice(None), k, i, j), cols_reshaped)
            if padding == 0:
                return x_padded
            return x_padded[:, :, padding:-padding, padding:-padding]

        def conv_backward(dout, x, w):
            F = w.shape[0]
            x_cols = im2col_indices(x, w.shape[2], w.shape[3])
            dout_reshaped = dout.transpose(1, 2, 3, 0).reshape(F, -1)
            dw = dout_reshaped.dot(x_cols.T).reshape(w.shape)
            dx_cols = w.reshape(F, -1).T.dot(dout_reshaped)
            dx = col2im_indices(dx_cols, x.shape, w.shape[2], w.shape[3])
            return dx, dw
        """,
        "x w",
        "conv_backward",
    ),
    "regularised by a loop over the parameters": Course(
        TWO_LAYER,
        """
        class Net:
            def loss(self, X, y):
                grads = {k: np.zeros_like(v) for k, v in self.params.items()}
                d = self.probs - np.eye(self.probs.shape[1])[y]
                d = d / X.shape[0]
                grads['W2'] += self.h.T @ d
                grads['b2'] += d.sum(0)
                d = d @ self.params['W2'].T
                d[self.z1 < 0] = 0
                grads['W1'] += X.T @ d
                grads['b1'] += d.sum(0)
                for k, v in self.params.items():
                    if 'W' in k:
                        grads[k] += self.reg * v
                return grads
        """,
        "W1 b1 W2 b2",
        "Net.loss",
    ),
    "options with default values": Course(
        BATCH_NORM,
        """
        def layer(dout, cache, bn_param={}):
            (x, gamma, mu, var), eps = cache, bn_param.get('eps', 1e-5)
            centred, scale = x - mu, (var + eps) ** -0.5
            dhat = dout * gamma
            dx = scale * (dhat - dhat.mean(0) - centred * scale ** 2 * (dhat * centred).mean(0))
            return dx
        """,
        "x",
        "layer",
    ),
    "causal attention": Course(
        "Q = input(4, D); K = input(4, D); V = input(4, H); dO = input(4, H)\n"
        "    S = Q @ K.T/sqrt(D); loss = sum((masked_softmax(S, causal_mask(4)) @ V)*dO)",
        """
        def attention_backward(dO, Q, K, V):
            T, d = Q.shape
            S = Q @ K.T / np.sqrt(d)
            S = np.where(np.tril(np.ones((T, T))) == 0, -1e9, S)
            A = np.exp(S - S.max(-1, keepdims=True))
            A = A / A.sum(-1, keepdims=True)
            dV = A.T @ dO
            dA = dO @ V.T
            dS = A * (dA - np.sum(dA * A, axis=-1, keepdims=True))
            dQ = dS @ K / np.sqrt(d)
            dK = dS.T @ Q / np.sqrt(d)
            return dQ, dK, dV
        """,
        "Q K V",
        "attention_backward",
    ),
    "other names, bound": Course(
        TWO_LAYER,
        """
        def grads(inputs, labels, hidden, P, Wa, Wb, lam):
            d = P.copy()
            d[range(len(labels)), labels] -= 1
            d /= len(labels)
            dWb = hidden.T @ d + lam * Wb
            dhidden = d @ Wb.T
            dWa = inputs.T @ (dhidden * (hidden > 0)) + lam * Wa
            return dWa, dhidden, dWb
        """,
        "Wa Wb hidden",
        "grads",
        (
            ("inputs", "X"),
            ("labels", "y"),
            ("hidden", "h"),
            ("P", "probs"),
            ("Wa", "W1"),
            ("Wb", "W2"),
            ("lam", "reg"),
        ),
    ),
}


@pytest.mark.parametrize("what", COURSES)
def test_a_right_backward_pass_is_the_derived_gradient(what: str) -> None:
    course = COURSES[what]
    env = env_of(course.model)
    program = read(course.code, env, course.name, dict(course.bind))
    assert not program.failures
    given = returned(program)
    assert set(course.gives.split()) <= set(given), [(v.name, v.subject, v.returned) for v in program.values]
    values = values_of(env)
    loss = env.get("loss", env.get("J"))
    assert loss is not None
    for subject in course.gives.split():
        value = given[subject]
        assert value.target is env[dict(course.bind).get(subject, subject)]
        ours, right = evaluate([value.node, grad(loss, value.target)], values, sizes=SIZES)
        assert np.shape(ours) == np.shape(right), subject
        np.testing.assert_allclose(ours, right, rtol=1e-8, atol=1e-12, err_msg=subject)


def test_code_is_never_executed(tmp_path: object) -> None:
    text = textwrap.dedent(
        """
        import os
        os.remove("/nowhere")
        raise SystemExit
        def f(x):
            return x * 2
        """
    )
    assert read(text, env_of("x = input(N); loss = sum(x)")).values[0].text == "return x * 2"
