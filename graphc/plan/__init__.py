"""Between graph and code: lowering, which lines, their order, and where results live."""

from graphc.plan.lower import Lowered, lower
from graphc.plan.plan import Plan, Step, make_plan

__all__ = ["Lowered", "Plan", "Step", "lower", "make_plan"]
