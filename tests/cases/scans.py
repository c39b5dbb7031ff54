"""Cases: scans."""

from __future__ import annotations

import numpy as np

from tests.cases.case import F, Leaf, case, whole

_ZEROS = Leaf((2, 4), given=[[1.5, 0.0, -2.0, 0.5], [2.0, 0.0, 0.0, 3.0]])
for _name in ("cumsum", "cumprod"):
    for _reverse in (False, True):
        for _exclusive in (False, True):
            _options = {"reverse": _reverse, "exclusive": _exclusive}
            for _axis, _data in ((-1, Leaf((2, 4))), (0, Leaf(("N", 2))), (1, _ZEROS)):
                case(
                    _name,
                    lambda x, f=_name, a=_axis, o=_options: F[f](x, axis=a, **o),
                    x=_data,
                    numpy=(lambda x, f=_name, a=_axis: getattr(np, f)(x, axis=a))
                    if not _reverse and not _exclusive
                    else None,
                    note=f"{'zeros ' if _data is _ZEROS else ''}axis={_axis} {_reverse=} {_exclusive=}",
                )
for _reverse in (False, True):
    case(
        "recurrence",
        lambda a, b, r=_reverse: F["recurrence"](a, b, reverse=r),
        a=(2, 4),
        b=(2, 4),
        note=f"reverse={_reverse}",
    )
case("recurrence", lambda a: F["recurrence"](a, 1, axis=0), a=("N", 2), note="driven by 1")
case("recurrence", lambda b: F["recurrence"](2, b), b=("N",), note="factor 2")
case("recurrence", lambda i, b: F["recurrence"](b, i), i=whole(3), b=(3,), note="driven by ints")
