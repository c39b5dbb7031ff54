"""Functions a generated module brings along for windows, pools and convolutions, each only where it is used."""

from __future__ import annotations

_OVERLAP_ADD = '''
def _overlap_add(windows, shape, axes, strides=None, dilations=None, out=None):
    """The sum of overlapping windows: zeros with each tap, a slice of the windows, added where it came from."""
    result = np.empty(shape, windows.dtype) if out is None else out
    result[...] = 0
    rank, ones = len(shape), (1,) * len(axes)
    for tap in np.ndindex(windows.shape[rank:]):
        where = [slice(None)] * rank
        for axis, k, stride, dilation in zip(axes, tap, strides or ones, dilations or ones):
            first = dilation * k
            where[axis] = slice(first, first + stride * (windows.shape[axis] - 1) + 1, stride)
        result[tuple(where)] += windows[(..., *tap)]
    return result
'''

_FRAMED = '''
def _framed(x, where, fill, out):
    """`x` at the slices `where` of `out`, and `fill` around it."""
    for axis, (part, size) in enumerate(zip(where, out.shape)):
        start, stop, step = part.indices(size)
        before = (slice(None),) * axis
        if step != 1:
            out[...] = fill
            break
        if start:
            out[(*before, slice(start))] = fill
        if stop < size:
            out[(*before, slice(stop, None))] = fill
    out[where] = x
    return out
'''

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

OF_WINDOWS: dict[str, str] = {
    "_overlap_add": _OVERLAP_ADD,
    "_framed": _FRAMED,
    "_route": _ROUTE,
}
