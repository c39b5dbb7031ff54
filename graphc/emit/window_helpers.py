"""Functions a generated module brings along for windows, pools and convolutions, each only where it is used."""

from __future__ import annotations

_ROUTE = '''
def _route(values, marks, places, out, filled=True, apart=True):
    """`values` times the marks of each tap, at the tap's places in `out`: written where taps are apart, else added."""
    if not (filled and apart):
        out[...] = 0
    for tap, place in enumerate(places):
        if apart and marks is not None:
            np.multiply(values, marks[tap], out=out[place])
        elif apart:
            out[place] = values
        else:
            out[place] += values if marks is None else values * marks[tap]
    return out
'''

OF_WINDOWS: dict[str, str] = {"_route": _ROUTE}
