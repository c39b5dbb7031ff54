"""Identities that hold for all sizes and values, sheet by sheet; tests prove them, and nothing made wrong of them."""

MATRICES = """
A = input(N, N); B = input(N, N); C = input(N, N)
X = input(N, M); Z = input(M, N)
a = input(N); b = input(M); c = input(N); x = input(N)
d(a @ X @ b)/d(X) == outer(a, b)
d(trace(A @ B))/d(A) == B.T
d(trace(A @ X @ Z))/d(X) == A.T @ Z.T
d(trace(X.T @ A @ X))/d(X) == (A + A.T) @ X
d(trace(A @ A @ A))/d(A) == 3*(A @ A).T
d(trace(A.T @ B @ A @ C))/d(A) == B.T @ A @ C.T + B @ A @ C
d(x @ A @ x)/d(x) == (A + A.T) @ x
d(x @ A @ x)/d(A) == outer(x, x)
d((A@x - c) @ B @ (A@x - c))/d(x) == A.T @ (B + B.T) @ (A@x - c)
d(sum((X @ b - a)**2))/d(b) == 2*X.T @ X @ b - 2*X.T @ a
d(d(sum((X @ b - a)**2))/d(b))/d(b) == 2*X.T @ X
d(norm(x - a))/d(x) == (x - a)/norm(x - a)
d(norm(X))/d(X) == X/norm(X)
d(x/norm(x))/d(x) == eye(N)/norm(x) - outer(x, x)/norm(x)**3
d(exp(a @ x))/d(x) == a*exp(a @ x)
d(sum(X @ Z))/d(X) == outer(ones(N), sum(Z, axis=1))
trace(A @ B) == sum(A*B.T)
trace(A @ B @ C) == trace(B.T @ A.T @ C.T)
(A @ B).T == B.T @ A.T
diag(a) @ X == reshape(a, (N, 1))*X
sum(A*eye(N)) == trace(A)
"""

SYMMETRIC = """
A = input(N, N); S = input(N, N); T = input(N, N); x = input(N); y = input(N)
assume(symmetric(S), symmetric(T))
d(x @ S @ x)/d(x) == 2*S @ x
x @ S @ y == y @ S @ x
(S @ T).T == T @ S
inv(S) == inv(S).T
trace(S @ A) == trace(S @ A.T)
"""

INVERSES = """
A = input(N, N); B = input(N, N); b = input(N); c = input(N); X = input(M, N); lam = input()
A @ inv(A) == eye(N)
inv(A).T == inv(A.T)
inv(A @ B) == inv(B) @ inv(A)
inv(2*A) == inv(A)/2
inv(inv(A)) == A
inv(A @ diag(b) @ B) == inv(B) @ diag(1/b) @ inv(A)
inv(A) - inv(B) == inv(A) @ (B - A) @ inv(B)
(X.T @ X + lam*eye(N)) @ inv(X.T @ X + lam*eye(N)) == eye(N)
det(A) == det(A.T)
det(A @ B) == det(A)*det(B)
det(inv(A)) == 1/det(A)
det(diag(b)) == prod(b)
log(det(A)) == logdet(A)
d(logdet(A))/d(A) == inv(A).T
d(det(A))/d(A) == det(A)*inv(A).T
d(logdet(A.T @ A))/d(A) == 2*inv(A).T
A @ solve(A, b) == b
d(c @ solve(A, b))/d(A) == -outer(solve(A.T, c), solve(A, b))
d(c @ inv(A) @ b)/d(A) == -inv(A).T @ outer(c, b) @ inv(A).T
d(trace(inv(A) @ B))/d(A) == -(inv(A) @ B @ inv(A)).T
trace(inv(A) @ A) == N
"""

FUNCTIONS = """
x = input(); y = input(); n = input(); z = input(N)
d(tanh(x))/d(x) == 1 - tanh(x)**2
d(tanh(x))/d(x) == 4/(exp(x) + exp(-x))**2
tanh(x) == 2*sigmoid(2*x) - 1
d(sigmoid(x))/d(x) == exp(x)/(1 + exp(x))**2
sigmoid(-x) == 1 - sigmoid(x)
d(x**n)/d(x) == n*x**(n - 1)
d(x**n)/d(n) == x**n*log(x)
log(x*y) == log(x) + log(y)
exp(x + y) == exp(x)*exp(y)
sqrt(x*y) == sqrt(x)*sqrt(y)
sqrt(x)*sqrt(x) == x
sqrt(x**2) == abs(x)
log(x**2) == 2*log(abs(x))
relu(x) == (x + abs(x))/2
relu(x) == x*(x > 0)
abs(x) == x*sign(x)
sign(x)**2 == 1
max(x, y) == (x + y + abs(x - y))/2
max(x, y) == -min(-x, -y)
d(max(x, y))/d(x) == (x > y)
sin(x)**2 + cos(x)**2 == 1
d(sin(x)*cos(x))/d(x) == 1 - 2*sin(x)**2
d(sqrt(x))/d(x) == 0.5*x**(-0.5)
d(silu(x))/d(x) == sigmoid(x)*(1 + x*(1 - sigmoid(x)))
d(softplus(x))/d(x) == sigmoid(x)
d(gelu(x))/d(x) == (1 + erf(x/sqrt(2)))/2 + x*exp(-x**2/2)/sqrt(2*pi)
d(elu(x))/d(x) == where(x > 0, 1, exp(x))
d(leaky_relu(x))/d(x) == where(x > 0, 1, 0.01)
d(clip(x, -1, 1))/d(x) == (x > -1)*(x < 1)
huber(x, y) == where(abs(x - y) <= 1, (x - y)**2/2, abs(x - y) - 0.5)
x/(1 + x) == 1 - 1/(1 + x)
1/(x*(x + 1)) == 1/x - 1/(x + 1)
(x**2 - y**2)/(x - y) == x + y
softmax(z) == softmax(z - max(z))
logsumexp(z + x) == x + logsumexp(z)
log(softmax(z)) == z - logsumexp(z)
sum(softmax(z)) == 1
"""

SOFTMAX = """
Z = input(N, K); t = input(N, K); z = input(K); s = input(K)
assume(sum(t, axis=1) == 1)
p = softmax(Z)
q = softmax(z)
d(-sum(t*log(p))/N)/d(Z) == (p - t)/N
d(q)/d(z) == diag(q) - outer(q, q)
d(logsumexp(z))/d(z) == q
d(sum(s*q))/d(z) == q*(s - sum(s*q))
d(d(logsumexp(z))/d(z) @ s)/d(z) == q*(s - q @ s)
sum(p, axis=1) == ones(N)
"""

LABELS = """
X = input(N, D); y = input(N, dtype=int); W = param(D, K)
loss = cross_entropy(X @ W, y)
p = softmax(X @ W)
d(loss)/d(W) == X.T @ (p - one_hot(y, K))/N
loss == -mean(log(p)[arange(N), y])
sum(one_hot(y, K)*(X @ W)) == sum((X @ W)[arange(N), y])
sum(one_hot(y, K), axis=1) == ones(N)
d(-mean(log(p[arange(N), y])))/d(W) == X.T @ (p - one_hot(y, K))/N
d(-mean(log(sum(one_hot(y, K)*p, axis=1))))/d(W) == X.T @ (p - one_hot(y, K))/N
sum(one_hot(y, K)*p, axis=1)**2 == (p**2)[arange(N), y]
exp((X @ W)[arange(N), y]) == exp(X @ W)[arange(N), y]
"""

LOGISTIC = """
X = input(N, D); w = param(D); t = input(N); v = input(D); lam = input()
p = sigmoid(X @ w)
loss = mean(-t*log(p) - (1 - t)*log(1 - p))
d(loss)/d(w) == X.T @ (p - t)/N
d(d(loss)/d(w))/d(w) == X.T @ diag(p*(1 - p)) @ X/N
d(d(loss + lam*sum(w**2)/2)/d(w))/d(w) == X.T @ (X*reshape(p*(1 - p), (N, 1)))/N + lam*eye(D)
d(d(loss)/d(w) @ v)/d(w) == X.T @ (p*(1 - p)*(X @ v))/N
d(loss + lam*sum(abs(w)))/d(w) == X.T @ (p - t)/N + lam*sign(w)
"""

NETWORK = """
X = input(N, D); y = input(N, dtype=int)
W1 = param(D, H); b1 = param(H); W2 = param(H, G); b2 = param(G); W3 = param(G, K)
z1 = X @ W1 + b1
h1 = relu(z1)
z2 = h1 @ W2 + b2
h2 = tanh(z2)
z3 = h2 @ W3
loss = cross_entropy(z3, y)
dz3 = (softmax(z3) - one_hot(y, K))/N
dW3 = h2.T @ dz3
dz2 = (dz3 @ W3.T)*(1 - h2**2)
dW2 = h1.T @ dz2
db2 = sum(dz2, axis=0)
dz1 = (dz2 @ W2.T)*(h1 > 0)
dW1 = X.T @ dz1
db1 = sum(dz1, axis=0)
d(loss)/d(W3) == dW3
d(loss)/d(W2) == dW2
d(loss)/d(b2) == db2
d(loss)/d(W1) == dW1
d(loss)/d(b1) == db1
"""

NORMALISED = """
x = input(N, K); gamma = param(K); beta = param(K); g = input(N, K)
mu = mean(x, axis=0)
s = sqrt(mean((x - mu)**2, axis=0) + 0.00001)
xhat = (x - mu)/s
L = sum((gamma*xhat + beta)*g)
d(L)/d(gamma) == sum(g*xhat, axis=0)
d(L)/d(x) == gamma/(N*s)*(N*g - sum(g, axis=0) - xhat*sum(g*xhat, axis=0))
d(L)/d(x) == gamma/s*(g - mean(g, axis=0) - xhat*mean(g*xhat, axis=0))
d(sum(batch_norm(x, gamma, beta)*g))/d(x) == gamma/(N*s)*(N*g - sum(g, axis=0) - xhat*sum(g*xhat, axis=0))
m = mean(x, axis=1, keepdims=True)
r = 1/sqrt(mean((x - m)**2, axis=1, keepdims=True) + 0.00001)
h = (x - m)*r
u = g*gamma
d(sum(layer_norm(x, gamma, beta)*g))/d(x) == r*(u - mean(u, axis=1, keepdims=True) - h*mean(u*h, axis=1, keepdims=True))
"""

PLACES = """
x = input(N); g = input(N); X = input(N, M); w = input(3); v = input(N - 2)
d(cumsum(x)[N - 1])/d(x) == ones(N)
d(sum(g*cumsum(x)))/d(x) == cumsum(g, reverse=True)
cumsum(x, exclusive=True) + x == cumsum(x)
d(max(x))/d(x) == equal(x, max(x))
concat([x, g])[0:N] == x
sum(concat([x, g])) == sum(x) + sum(g)
x[::-1][::-1] == x
sum(x[::-1]) == sum(x)
d(sum(x[1:]*x[:-1]))/d(x) == pad(x[:-1], [(1, 0)]) + pad(x[1:], [(0, 1)])
reshape(X, N*M) @ reshape(X, N*M) == sum(X**2)
d(sum(reshape(X, N*M)**2))/d(X) == 2*X
stack([x, g], axis=1) @ ones(2) == x + g
d(sum(v*(sliding_window(x, 3, axes=0) @ w)))/d(w) == stack([v @ x[:-2], v @ x[1:-1], v @ x[2:]])
"""

PRODUCTS = """
x = input(N); X = input(N, M); y = input(N); a = input()
d(prod(x))/d(x) == prod(x)/x
d(sum(prod(X, axis=1)))/d(X) == prod(X, axis=1, keepdims=True)/X
d(prod(sigmoid(x)))/d(x) == prod(sigmoid(x))*(1 - sigmoid(x))
prod(x*y) == prod(x)*prod(y)
prod(1/x) == 1/prod(x)
prod(a*x**2) == a**N*prod(x)**2
prod(exp(x)) == exp(sum(x))
log(prod(sigmoid(x))) == sum(log(sigmoid(x)))
cumprod(x) == x*cumprod(x, exclusive=True)
det(a*diag(x)) == a**N*prod(x)
"""

FRACTIONS = """
X = input(N, D); t = input(N); p = input(N); w = param(D); x = input(N); s = input()
X.T @ (t/p - (1 - t)/(1 - p)) == X.T @ ((t - p)/(p*(1 - p)))
sum(1/(exp(x)*(1 + exp(x)))) == sum(exp(-x)) - sum(1/(1 + exp(x)))
sum(1/(x*(x + s))) == (sum(1/x) - sum(1/(x + s)))/s
sum(x**3/(1 + x**2)) == sum(x) - sum(x/(1 + x**2))
sum(x/(1 + x)) == N - sum(1/(1 + x))
d(sum(log(1 + exp(-t*(X @ w)))))/d(w) == -X.T @ (t/(1 + exp(t*(X @ w))))
d(sum(log(1 + x**2)))/d(x) == 2*x/(1 + x**2)
"""

INDICES = """
X = input(N, D); W = input(D, K); t = input(N, K); A = input(D, D); x = input(D)
p = X @ W
loss = sum((p - t)**2)/(2*N)
d(loss)/d(W[k,m]) == sum(X[n,k]*(p[n,m] - t[n,m]) for n in N)/N
d(p[n,m])/d(W[j,k]) == X[n,j]*delta(m, k)
d(x @ A @ x)/d(x[k]) == sum((A[k,j] + A[j,k])*x[j] for j in D)
p[n,m] == sum(X[n,k]*W[k,m] for k in D)
"""

SHEETS = {name: text for name, text in globals().items() if name.isupper() and isinstance(text, str)}
