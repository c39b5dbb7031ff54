"""Functions of expressions: powers, exp, log and the others, each brought to one form.

The rules hold wherever what is written is defined. `exp` of a sum is a product of powers. `log` and broken powers come
apart at factors that are known to be positive, and at one further factor, which then is so too. A function of an
expression with idempotents is taken case by case: `f(c*x + y)` is `c*f(x + y) + (1 - c)*f(y)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import gcd, lcm

from graphc.claims.normal.algebra import (
    Algebra,
    Atom,
    Coefficient,
    Expr,
    Head,
    Monomial,
    Power,
    Traits,
    Unknown,
    constant,
    exact,
    monomial,
    number_of,
    of_atom,
)
from graphc.claims.normal.fractions import apart
from graphc.claims.normal.heads import function, split_sign
from graphc.claims.normal.index import Slot
from graphc.claims.normal.picks import by_label
from graphc.claims.normal.sums import opened_sum, total
from graphc.claims.normal.terms import (
    AGAIN,
    RAISED,
    RELATIONS_OF_PRODUCTS,
    add_into,
    body_of,
    minus,
    multiply,
    normalised,
    order_key,
    plus,
    power,
    substitute,
    times,
)

MOST_CASES = 4
LARGEST_NUMBER = 1 << 64


def by_cases(s: Algebra, expr: Expr, f: Callable[[Expr], Expr]) -> Expr | None:
    """`f` of an expression, in every case of its idempotents; None where there are too many."""
    picked = by_label(s, expr, lambda e: _always(s, e, f))
    if picked is not None:
        return picked
    atoms = sorted({a for m in expr for a, _ in m if a.head.traits.idempotent}, key=lambda a: a.number)
    if not atoms:
        return f(expr)
    if len(atoms) > MOST_CASES:
        return None
    on: Expr = {}
    off: Expr = {}
    for m, c in expr.items():
        if any(a is atoms[0] for a, _ in m):
            add_into(on, {tuple((a, p) for a, p in m if a is not atoms[0]): c})
        else:
            add_into(on, {m: c})
            add_into(off, {m: c})
    yes, no = by_cases(s, on, f), by_cases(s, off, f)
    if yes is None or no is None:
        return None
    return plus(no, multiply(s, of_atom(atoms[0]), minus(yes, no)))


def _always(s: Algebra, expr: Expr, f: Callable[[Expr], Expr]) -> Expr:
    found = by_cases(s, expr, f)
    if found is None:
        raise Unknown
    return found


def has_cases(expr: Expr) -> bool:
    """Whether there are idempotents in an expression."""
    return any(a.head.traits.idempotent for m in expr for a, _ in m)


def _cased(s: Algebra, expr: Expr, f: Callable[[Expr], Expr], kind: str) -> Expr:
    """`f` case by case, or an atom of its own where there are too many cases."""
    found = by_cases(s, expr, f)
    return of_atom(function(s, f"cased {kind}", expr)) if found is None else found


# Powers -----------------------------------------------------------------------------------------------------------


def raised(s: Algebra, expr: Expr, q: Power) -> Expr:
    """An expression to a rational power."""
    if isinstance(q, int) and q >= 0:
        return power(s, expr, q)
    return _cased(s, expr, lambda e: _raised(s, e, q), f"power {q}")


def inverse(s: Algebra, expr: Expr) -> Expr:
    """One over an expression."""
    return raised(s, expr, -1)


def _raised(s: Algebra, expr: Expr, q: Power) -> Expr:
    if not expr:
        if q > 0:
            return {}
        raise Unknown
    if len(expr) == 1:
        ((m, c),) = expr.items()
        return _monomial_raised(s, m, c, q)
    c, m, primitive = content(expr, 0 if isinstance(q, int) else 1)
    base = of_atom(function(s, "base", primitive), q)
    return multiply(s, _monomial_raised(s, m, c, q), normalised(s, dict(next(iter(base)))))


def _monomial_raised(s: Algebra, m: Monomial, c: Coefficient, q: Power) -> Expr:
    if isinstance(q, int):
        if abs(q) > 1000:
            raise Unknown
        return times(normalised(s, {a: exact(p * q) for a, p in m}), exact(Fraction(c) ** q))
    known, others = split_sign(m)
    result = normalised(s, {a: exact(p * q) for a, p in known})
    for atom, p in [*others]:
        if isinstance(p, int) and p % 2 == 0:
            others.remove((atom, p))
            result = multiply(s, result, _raised_magnitude(s, atom, exact(p * q)))
    if c > 0:
        result = multiply(s, result, number_raised(s, c, q))
        c = 1
    if not others:
        if c < 0:
            raise Unknown
        return result
    if len(others) == 1 and c == 1:
        ((atom, p),) = others
        return multiply(s, result, of_atom(atom, exact(p * q)))
    c_ = number_raised(s, -c, q) if c < 0 else constant(1)
    rest: Expr = {monomial(dict(others)): -1 if c < 0 else 1}
    return multiply(s, multiply(s, result, c_), of_atom(function(s, "base", rest), q))


def _raised_magnitude(s: Algebra, atom: Atom, q: Power) -> Expr:
    """`|atom|**q`."""
    if isinstance(q, int) and q % 2 == 0:
        return of_atom(atom, q)
    return MAGNITUDE[0](s, of_atom(atom), q)


# `|u|**q`, entered by the module of conditions.
MAGNITUDE: list[Callable[[Algebra, Expr, Power], Expr]] = []


def number_raised(s: Algebra, c: Coefficient, q: Power) -> Expr:
    """A positive number to a broken power: its primes to their powers."""
    result = constant(1)
    value = Fraction(c)
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime, count in _primes(part):
            result = multiply(s, result, normalised(s, {_prime(s, prime): exact(q * count * sign)}))
    return result


def _prime(s: Algebra, prime: int) -> Atom:
    return s.atom(s.head("prime", prime, 0, lambda: Traits(sign=2, smooth=True), prime))


def _primes(n: int) -> Iterator[tuple[int, int]]:
    if n > LARGEST_NUMBER:
        raise Unknown
    divisor = 2
    while divisor * divisor <= n and divisor < 2000:
        count = 0
        while n % divisor == 0:
            n //= divisor
            count += 1
        if count:
            yield divisor, count
        divisor += 1
    if n > 1:
        yield n, 1


def content(expr: Expr, least: int) -> tuple[Coefficient, Monomial, Expr]:
    """A number, a monomial, and what is left of an expression when both are taken out.

    Only factors whose sign is known at `least` so far are taken out: 2, those that are positive, 1, those that are
    never negative, 0, all of them; then the number has the sign of the leading coefficient, otherwise it is positive.
    """
    shared = _shared(expr, least)
    lead = max(expr, key=order_key)
    c: Coefficient = _number_content(expr)
    if not least and expr[lead] < 0:
        c = -c
    out = {a: exact(-p) for a, p in shared.items()}
    left: Expr = {}
    for m, value in expr.items():
        powers = dict(m)
        for a, p in out.items():
            powers[a] = exact(powers.get(a, 0) + p)
        add_into(left, {monomial(powers): exact(Fraction(value) / c)})
    return exact(c), monomial(shared), left


def _number_content(expr: Expr) -> Fraction:
    values = [Fraction(v) for v in expr.values()]
    return Fraction(gcd(*(v.numerator for v in values)), lcm(*(v.denominator for v in values)))


def _shared(expr: Expr, least_sign: int) -> dict[Atom, Power]:
    """The least power of each atom over all terms; 0 where a term has none."""
    terms = [dict(m) for m in expr]
    atoms = dict.fromkeys(a for m in expr for a, _ in m)
    least = {a: min(t.get(a, 0) for t in terms) for a in atoms}
    return {
        a: p
        for a, p in least.items()
        if p and not a.head.traits.idempotent and a.head.traits.sign >= least_sign
    }


# exp and log ------------------------------------------------------------------------------------------------------


def exponential(s: Algebra, expr: Expr) -> Expr:
    """`exp(a + 2*b)` as `exp(a) * exp(b)**2`, and `exp(log(u))` as `u`."""
    return _cased(s, expr, lambda e: _exponential(s, e), "exp")


def _exponential(s: Algebra, expr: Expr) -> Expr:
    result = constant(1)
    for m, c in expr.items():
        if len(m) == 1 and m[0][0].head.kind == "log" and m[0][1] == 1:
            result = multiply(s, result, raised(s, body_of(s, m[0][0]), c))
        else:
            result = multiply(s, result, of_atom(function(s, "exp", {m: 1}), c))
    return result


def logarithm(s: Algebra, expr: Expr) -> Expr:
    """The logarithm, taken apart at factors that are known to be positive."""
    return _cased(s, expr, lambda e: _logarithm(s, e), "log")


def _logarithm(s: Algebra, expr: Expr) -> Expr:
    if not expr:
        raise Unknown
    if len(expr) == 1:
        ((m, c),) = expr.items()
        return _log_monomial(s, m, c)
    c, m, left = content(expr, 1)
    return plus(_log_monomial(s, m, c), of_atom(function(s, "log", left)))


def _log_monomial(s: Algebra, m: Monomial, c: Coefficient) -> Expr:
    known, others = split_sign(m)
    result: Expr = {}
    for atom, p in known:
        add_into(result, _log_atom(s, atom), p)
    for atom, p in [*others]:
        if isinstance(p, int) and p % 2 == 0:
            others.remove((atom, p))
            add_into(result, logarithm(s, MAGNITUDE[0](s, of_atom(atom), 1)), p)
    add_into(result, _log_number(s, abs(Fraction(c))))
    if not others:
        if c < 0:
            raise Unknown
        return result
    if len(others) == 1 and c > 0:
        ((atom, p),) = others
        add_into(result, of_atom(function(s, "log", of_atom(atom))), p)
        return result
    rest: Expr = {monomial(dict(others)): -1 if c < 0 else 1}
    return plus(result, of_atom(function(s, "log", rest)))


def _log_atom(s: Algebra, atom: Atom) -> Expr:
    if atom.head.kind == "exp":
        return body_of(s, atom)
    if atom.head.kind == "base":
        return logarithm(s, body_of(s, atom))
    if atom.head.kind == "prod":
        body, names = opened_sum(s, atom)
        return total(s, logarithm(s, body), names)
    return of_atom(function(s, "log", of_atom(atom)))


def _log_number(s: Algebra, c: Coefficient) -> Expr:
    result: Expr = {}
    value = Fraction(c)
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime, count in _primes(part):
            add_into(result, of_atom(function(s, "log", of_atom(_prime(s, prime)))), sign * count)
    return result


def symbolic_power(s: Algebra, base: Expr, exponent: Expr) -> Expr:
    """`base**exponent` for an exponent that is no number: `x**(n - 1)` is `x**n / x`."""
    if not base or has_cases(base) or has_cases(exponent):
        return of_atom(_pair(s, base, exponent))
    if number_of(base) == 1:
        return constant(1)
    if _positive(base):
        return exponential(s, multiply(s, exponent, logarithm(s, base)))
    result = constant(1)
    for m, c in exponent.items():
        if m == () and isinstance(c, int):
            result = multiply(s, result, raised(s, base, c))
        elif isinstance(c, int):
            factor = _pair(s, base, {m: 1})
            result = multiply(s, result, of_atom(factor, c))
        else:
            result = multiply(s, result, of_atom(_pair(s, base, {m: c})))
    return result


def _positive(expr: Expr) -> bool:
    return all(c > 0 and all(a.head.traits.sign == 2 for a, _ in m) for m, c in expr.items())


def _pair(s: Algebra, base: Expr, exponent: Expr) -> Atom:
    """The atom of a power, whose body is `base * mark + exponent * other mark`."""
    marks = [s.atom(s.head("mark", i, 0, Traits)) for i in (0, 1)]
    joined = plus(multiply(s, base, of_atom(marks[0])), multiply(s, exponent, of_atom(marks[1])))
    return function(s, "raised", joined)


# The others -------------------------------------------------------------------------------------------------------


def odd(s: Algebra, kind: str, expr: Expr) -> Expr:
    """An odd function: tanh, sin, erf. The sign of the leading term of the argument is taken out."""
    return _cased(s, expr, lambda e: _odd(s, kind, e), kind)


def _odd(s: Algebra, kind: str, expr: Expr) -> Expr:
    if not expr:
        return {}
    sign, argument = directed(expr)
    if kind == "sin":
        function(s, "cos", argument)
    if kind == "tanh" and s.through_exp:
        e = exponential(s, times(argument, 2))
        return times(multiply(s, minus(e, constant(1)), inverse(s, plus(e, constant(1)))), sign)
    return times(of_atom(function(s, kind, argument)), sign)


def cosine(s: Algebra, expr: Expr) -> Expr:
    """cos, which is even."""
    found = by_cases(s, expr, lambda e: of_atom(function(s, "cos", directed(e)[1])) if e else constant(1))
    return of_atom(function(s, "cased cos", expr)) if found is None else found


def directed(expr: Expr) -> tuple[int, Expr]:
    """A sign, and the expression times it, whose leading coefficient is positive."""
    lead = max(expr, key=order_key)
    return (-1, times(expr, -1)) if expr[lead] < 0 else (1, expr)


def _again(kind: str) -> Callable[[Algebra, Head, tuple[Slot, ...]], Expr]:
    made: dict[str, Callable[[Algebra, Expr], Expr]] = {
        "exp": exponential,
        "log": logarithm,
        "tanh": lambda s, e: odd(s, "tanh", e),
        "sin": lambda s, e: odd(s, "sin", e),
        "erf": lambda s, e: odd(s, "erf", e),
        "cos": cosine,
        "base": lambda s, e: e,
    }

    def again(s: Algebra, head: Head, slots: tuple[Slot, ...]) -> Expr:
        return made[kind](s, substitute(s, head.body, dict(enumerate(slots))))

    return again


AGAIN.update({kind: _again(kind) for kind in ("exp", "log", "tanh", "sin", "cos", "erf", "base")})
RAISED.append(raised)
RELATIONS_OF_PRODUCTS.append(apart)
