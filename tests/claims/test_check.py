"""Whole texts judged: verdicts, errors carried forward, factors put back later, limits, and what says nothing."""

from __future__ import annotations

import pytest

import graphc as g
from graphc.claims.check import check_sources
from graphc.claims.verdict import Verdict
from graphc.ir.errors import GraphcError

NETWORK = """\
X = input(N, D); t = input(N, K)
W1 = param(D, H); b1 = param(H); W2 = param(H, K); b2 = param(K)
assume(sum(t, axis=1) == 1)
z1 = X @ W1 + b1
h = relu(z1)
z2 = h @ W2 + b2
p = softmax(z2)
loss = -sum(t*log(p))/N
"""
RIGHT = {
    "dz2": "(p - t)/N",
    "dW2": "h.T @ dz2",
    "db2": "sum(dz2, axis=0)",
    "dh": "dz2 @ W2.T",
    "dz1": "dh * (z1 > 0)",
    "dW1": "X.T @ dz1",
    "db1": "sum(dz1, axis=0)",
}


def network(**changed):
    """The network and its gradients by hand, some lines of which say something else."""
    return NETWORK + "\n".join(f"{name} = {side}" for name, side in {**RIGHT, **changed}.items())


def by_name(text, **options):
    return {j.name: j for j in g.check(text, **options)}


def test_a_right_derivation_is_proved_line_by_line():
    report = g.check(network())
    assert [(j.name, j.verdict) for j in report] == [(name, Verdict.PROVED) for name in RIGHT]
    assert report.ok
    assert report.exit_code == 0


def test_a_lost_transpose_is_named_and_the_lines_after_it_are_right_given_it():
    found = by_name(network(dh="dz2 @ W2"))
    assert found["dh"].verdict is Verdict.WRONG
    assert any("missing transpose" in m for m in found["dh"].mistakes)
    line = found["dh"].line
    for name in ("dz1", "dW1", "db1"):
        assert found[name].verdict.holds
        assert found[name].given == (line,)
    for name in ("dz2", "dW2", "db2"):
        assert found[name].given == ()


def test_lines_after_a_wrong_value_are_right_given_it():
    found = by_name(network(dz2="(t - p)/N"))
    assert found["dz2"].verdict is Verdict.WRONG
    assert any("sign" in m for m in found["dz2"].mistakes)
    assert all(found[name].verdict.holds and found[name].given for name in RIGHT if name != "dz2")


def test_a_line_that_is_wrong_by_itself_is_so_beside_a_wrong_one():
    found = by_name(network(dz2="(t - p)/N", dW2="2 * (h.T @ dz2)"))
    assert found["dW2"].verdict is Verdict.WRONG
    assert any("factor 2" in m for m in found["dW2"].mistakes)


def test_a_factor_that_is_put_back_is_right():
    put_back = {"dW2": "h.T @ dz2 / N", "db2": "sum(dz2, axis=0)/N", "dW1": "X.T @ dz1 / N"}
    found = by_name(network(dz2="p - t", **put_back, db1="sum(dz1, axis=0)/N"))
    assert all(j.verdict.holds and not j.given for j in found.values())
    assert "dz2 is N times the gradient" in found["dz2"].notes[0]
    assert "puts it back" in found["dh"].notes[0]


def test_a_factor_that_one_line_forgets_to_put_back():
    found = by_name(network(dz2="p - t", dW2="h.T @ dz2 / N", dW1="X.T @ dz1 / N", db1="sum(dz1, axis=0)/N"))
    assert found["dz2"].verdict.holds
    assert found["db2"].verdict is Verdict.WRONG
    assert any("1/N" in m for m in found["db2"].mistakes)


@pytest.mark.parametrize("other", ["5*(p - t)", "d(loss)/d(z2)"])
def test_no_factor_put_back_makes_a_wrong_chain_right(other):
    found = by_name(network(dz2=f"p - t == {other}", dW2="h.T @ dz2 / N"))
    assert found["dz2"].verdict is Verdict.WRONG
    assert by_name(network(dz2="p - t == N*(p - t)/N", dW2="h.T @ dz2 / N"))["dz2"].verdict.holds


def test_a_factor_that_no_line_puts_back_is_wrong_once():
    found = by_name(network(dz2="p - t"))
    assert found["dz2"].verdict is Verdict.WRONG
    assert any("missing 1/N" in m for m in found["dz2"].mistakes)
    assert found["dW1"].given == (found["dz2"].line,)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("x = input(N); loss = sum(x**2)\n0*d(loss)/d(x) == 0*x", Verdict.UNDECIDED),
        ("x = input(N); loss = sum(x**2)\n(x - x)*d(loss)/d(x) == (x - x)*7", Verdict.UNDECIDED),
        ("x = input(N); loss = sum(x**2)\n0*d(loss)/d(x) == 0", Verdict.UNDECIDED),
        ("x = input(N); u = param(N); loss = sum(x**2)\nd(loss)/d(u) == 0", Verdict.PROVED),
        ("x = input(N); u = param(N); loss = sum(x**2)\nd(loss)/d(u) == u - u", Verdict.PROVED),
        ("x = input(N); u = param(N); loss = sum(x**2)\nd(loss)/d(u) == u", Verdict.WRONG),
        ("x = input(N); loss = sum(x**2)\nd(loss)/d(x) == 2*x == x + x", Verdict.PROVED),
        ("x = input(N); loss = sum(x**2)\nd(loss)/d(x) == 2*x == 3*x", Verdict.WRONG),
        ("x = input(N); loss = sum(x**2)\nd(d(loss)/d(x))/d(x) == 2*eye(N)", Verdict.PROVED),
        ("x = input(N); y = tanh(x)\nd(y)/d(x) == 1 - y**2", Verdict.WRONG),
        ("x = input(N); y = tanh(x)\nd(y)/d(x) == diag(1 - y**2)", Verdict.PROVED),
        ("x = input(N); loss = sum(x)\nd(loss)/d(x) == 1", Verdict.PROVED),
    ],
)
def test_verdicts(text, verdict):
    (judgement,) = g.check(text)
    assert judgement.verdict is verdict, judgement


def test_a_jacobian_taken_for_a_gradient_gets_a_hint():
    (judgement,) = g.check("x = input(N); y = tanh(x)\nd(y)/d(x) == 1 - y**2")
    assert "diag(" in judgement.reason


def test_a_decimal_that_is_cut_off_gets_a_hint():
    (judgement,) = g.check("x = input(); loss = x**3/9\nd(loss)/d(x) == 0.3333*x**2")
    assert judgement.verdict is Verdict.WRONG
    assert any("1/3" in note for note in judgement.notes)


@pytest.mark.parametrize(
    "claim", ["dx = d(loss)/d(x)", "dx = 1*grad(loss, x)", "d(loss)/d(x) == grad(loss, x)"]
)
def test_a_derivative_that_stands_for_itself_is_told(claim):
    (judgement,) = g.check(f"x = input(N); loss = sum(x**2)\n{claim}")
    assert judgement.verdict is Verdict.PROVED
    assert any("nothing was derived" in note for note in judgement.notes)


@pytest.mark.parametrize(
    "claim",
    [
        "dz = (a - t)*d(sum(sigmoid(z)))/d(z)",
        "d(loss)/d(z) == (a - t)*d(sum(sigmoid(z)))/d(z)",
        "d(sum(sigmoid(z)))/d(z) == a*(1 - a)",
    ],
)
def test_the_slope_of_an_activation_is_a_formula(claim):
    text = f"z = input(N); t = input(N)\na = sigmoid(z)\nloss = sum((a - t)**2)/2\n{claim}"
    (judgement,) = g.check(text)
    assert judgement.verdict is Verdict.PROVED
    assert not judgement.notes
    (judgement,) = g.check("z = input(N)\nd(sum(tanh(z)))/d(z) == d(sum(tanh(z)))/d(z)")
    assert judgement.notes


def test_which_output_is_meant():
    with pytest.raises(GraphcError, match="target"):
        g.check("x = input(N); a = sum(x); b = sum(x**2)\ndx = 2*x")
    (judgement,) = g.check("x = input(N); a = sum(x); b = sum(x**2)\ntarget(b)\ndx = 2*x")
    assert judgement.verdict is Verdict.PROVED
    (judgement,) = g.check("x = input(N); cost = sum(x**2)\ndx = 2*x")
    assert judgement.verdict is Verdict.PROVED
    (judgement,) = g.check("x = input(); f = x**3\nslope = d(f)/d(x)\ndx = 3*x**2")
    assert judgement.verdict is Verdict.PROVED


def test_a_text_and_its_nodes_go_to_any_process(monkeypatch):
    import multiprocessing

    real = multiprocessing.get_context
    monkeypatch.setattr(multiprocessing, "get_context", lambda kind: real("spawn"))
    x = g.input("x", "N")
    assert g.check("d(loss)/d(x) == 2*x", loss=(x**2).sum().named("loss"))


def test_nodes_of_python_by_their_names():
    x, W = g.input("x", ("N", "D")), g.param("W", ("D",))
    loss = ((x @ W) ** 2).sum()
    assert g.check("d(loss)/d(W) == 2*x.T @ (x @ W)", loss=loss)


def test_what_takes_too_long_is_undecided_and_the_rest_is_judged(monkeypatch):
    import time

    import graphc.claims.carry as carry

    real = carry.judge

    def slow(sides, **options):
        if sides[0].shape == ():
            time.sleep(60)
        return real(sides, **options)

    monkeypatch.setattr(carry, "judge", slow)
    report = g.check(
        "x = input(N); loss = sum(x**2)\ndx = 2*x\nloss == sum(x*x)\nd(loss)/d(x) == x + x", seconds=1
    )
    assert [j.verdict for j in report] == [Verdict.PROVED, Verdict.UNDECIDED, Verdict.PROVED]
    assert "within 1 second" in report[1].reason


def test_what_is_undecided_is_not_called_right_below_a_wrong_line(monkeypatch):
    import time

    import graphc.claims.carry as carry

    real = carry.judge

    def slow(sides, **options):
        if any(side.name == "dr" for side in sides):
            time.sleep(60)
        return real(sides, **options)

    monkeypatch.setattr(carry, "judge", slow)
    text = "w = input(N); x = input(N); r = w*x; loss = sum(sin(r))\ndr = cos(r)\ndw = dr*exp(x + w)"
    dr, dw = g.check(text, seconds=1)
    assert (dr.verdict, dw.verdict) == (Verdict.UNDECIDED, Verdict.WRONG)
    assert not any("is right" in note for note in dw.notes)


@pytest.mark.parametrize("slow", [("dz2",), ("dW2",), ("db2",)])
def test_a_factor_is_put_back_across_a_line_that_takes_too_long(monkeypatch, slow):
    import time

    import graphc.claims.carry as carry

    real = carry.judge

    def judge(sides, **options):
        if sides[-1].shape == () and sides[-1].op.name == "exp":
            time.sleep(60)
        return real(sides, **options)

    monkeypatch.setattr(carry, "judge", judge)
    lines = {"dz2": "p - t", "dW2": "h.T @ dz2 / N", "db2": "sum(dz2, axis=0)/N"}
    written = "".join(f"{n} = {s}\n{'loss == exp(loss)' * (n in slow)}\n" for n, s in lines.items())
    report = g.check(NETWORK + written, seconds=1)
    assert [j.verdict for j in report if not j.name] == [Verdict.UNDECIDED]
    assert all(j.verdict.holds for j in report if j.name), report


def test_any_number_of_seconds_can_be_allowed():
    assert g.check("x = input()\nd(x**2)/d(x) == 2*x", seconds=1e300)


def test_files_that_cannot_be_read_do_not_hide_the_others(tmp_path):
    good, bad = tmp_path / "good.graph", tmp_path / "bad.graph"
    good.write_text("x = input(N); loss = sum(x**2)\ndx = 2*x\n")
    bad.write_text("x = = 3\n")
    report = check_sources([str(bad), str(good), str(tmp_path / "none.graph")])
    assert [j.verdict for j in report] == [Verdict.PROVED]
    assert len(report.problems) == 2
    assert report.exit_code == 2


@pytest.mark.parametrize("dz1", ["sum(dh * (z1 > 0), axis=0)", "dh"])
def test_lines_after_a_gradient_of_another_shape_or_name_are_right_given_it(dz1):
    found = by_name(network(dz1=dz1))
    assert found["dz1"].verdict is Verdict.WRONG
    assert found["dh"].given == ()
    for name in ("dW1", "db1"):
        assert found[name].verdict.holds
        assert found[name].given == (found["dz1"].line,)


def test_a_zero_puts_no_factor_back():
    found = by_name(network(dz2="p - t", dW2="h.T @ dz2", db2="0*sum(dz2, axis=0)", dW1="0*(X.T @ dz1)"))
    assert found["dz2"].verdict is Verdict.WRONG
    text = (
        "x = input(N); u = param(N)\nz = x + u - mean(x + u)\ny = z - mean(z)\nloss = sum(y*y)/N\ndy = 2*y\n"
    )
    dy, du = g.check(f"{text}du = sum(dy - mean(dy))*ones(N) + d(loss)/d(u)")
    assert du.verdict.holds
    assert dy.verdict is Verdict.WRONG


@pytest.mark.parametrize("code", ["backward.py", "backward.py:", ":backward", "model.graph:backward"])
def test_code_is_named_by_its_file_and_function(tmp_path, code):
    model = tmp_path / "model.graph"
    model.write_text("x = param(N); loss = sum(x**2)")
    report = check_sources([], code=code, loss=str(model))
    assert "FILE.py:FUNCTION" in report.problems[0].sentence


@pytest.mark.parametrize(
    "claim",
    [
        "softmax(z) == softmax(z) + where(z > 1e6, 1, 0)",
        "softmax(z) == softmax(z) + max(0, sum(z) - 10000)",
    ],
)
def test_equal_on_one_side_of_a_condition_only_is_not_agreement(claim):
    (judgement,) = g.check(f"z = input(N)\n{claim}")
    assert not judgement.verdict.holds


def test_a_condition_that_the_domain_settles_is_no_doubt():
    (judgement,) = g.check("x = input(N)\nlog(relu(x)) == log(x)*(x > 0)")
    assert judgement.verdict.holds


@pytest.mark.parametrize("side", ["x[j]", "x[i,j]", "sum(x[k] for k in M)"])
def test_an_index_of_another_size_is_a_wrong_claim(side):
    text = "x = param(N); A = input(N, M); loss = sum(x @ A)\n"
    wrong, right = g.check(f"{text}d(loss)/d(A[i,j]) == {side}\nd(loss)/d(A[i,j]) == x[i]")
    assert (wrong.verdict, right.verdict) == (Verdict.WRONG, Verdict.PROVED)
    with pytest.raises(GraphcError, match="line 2, column 2"):
        g.parse(f"{text}d(loss)/d(A[i,j]) == {side}")


def test_what_is_too_large_to_be_written_is_not_told():
    many = "exp(sin(a)*cos(b))**3/(1 + exp(a*b))"
    for _ in range(8):
        many = f"d({many})/d(a)"
    (judgement,) = g.check(f"a = input(); b = input()\n{many} == 0")
    assert judgement.verdict is Verdict.WRONG
    assert judgement.right == ""
