"""The passes over the core graph, in order: each one file, exact for every graph, switched off by its name."""

from __future__ import annotations

from collections.abc import Iterable

from graphc.ir.errors import GraphcError
from graphc.ir.legal import CORE, check_stage
from graphc.plan import blocks, parts
from graphc.plan.bias import BIAS
from graphc.plan.centre import CENTRE
from graphc.plan.convolution import CONVOLUTION
from graphc.plan.factors import FACTORS
from graphc.plan.folding import FOLD
from graphc.plan.labels import LABELS
from graphc.plan.layout import LAYOUT
from graphc.plan.limits import LIMITS
from graphc.plan.lower import Lowered
from graphc.plan.masks import MASKS
from graphc.plan.merging import MERGE
from graphc.plan.numbers import NUMBERS
from graphc.plan.ones import ONES
from graphc.plan.pairwise import ORDER
from graphc.plan.products import PRODUCTS
from graphc.plan.recompute import RECOMPUTE
from graphc.plan.repack import UNROLL
from graphc.plan.rewriting import Pass
from graphc.plan.routing import POOL
from graphc.plan.sequence import NEAR
from graphc.plan.setting import Setting
from graphc.plan.updates import FLAT

PASSES: tuple[Pass, ...] = (
    POOL,
    CONVOLUTION,
    LAYOUT,
    MASKS,
    LABELS,
    CENTRE,
    FLAT,
    FACTORS,
    FOLD,
    ONES,
    ORDER,
    PRODUCTS,
    MERGE,
    BIAS,
    LIMITS,
    NUMBERS,
    UNROLL,
    NEAR,
    RECOMPUTE,
)


def run_passes(lowered: Lowered, setting: Setting) -> Lowered:
    """The core graph after every pass that is on."""
    check_names(setting.off)
    for one in PASSES:
        if one.name not in setting.off:
            before, lowered = lowered, one.run(lowered, setting)
            if lowered is not before:
                check_stage(lowered.nodes, CORE)
    return lowered


def check_names(names: Iterable[str]) -> None:
    """Raise `GraphcError` for a name that no pass has."""
    known = pass_names()
    for name in names:
        if name not in known:
            raise GraphcError(f"there is no pass {name!r}; there are {', '.join(known)}")


def pass_names() -> tuple[str, ...]:
    """The names of all passes that can be switched off, in order."""
    return tuple(described())


def described() -> dict[str, str]:
    """What each pass that can be switched off does, by name and in order; the last two make loops of the lines."""
    return {**{p.name: p.what for p in PASSES}, parts.NAME: parts.WHAT, blocks.NAME: blocks.WHAT}
