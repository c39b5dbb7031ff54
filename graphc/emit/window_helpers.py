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

_TILES = '''
def _phases(x, before, out):
    """`x` behind `before` rows and columns, even and odd ones apart: `out` is (N, 2, rows, 2, columns, C)."""
    for p, q in ((0, 0), (0, 1), (1, 0), (1, 1)):
        i, j = (p - before[0]) % 2, (q - before[1]) % 2
        part = x[:, i::2, j::2]
        a, b = (i + before[0]) // 2, (j + before[1]) // 2
        out[:, p, a : a + part.shape[1], q, b : b + part.shape[2]] = part


def _mixed(d0, d1, d2, d3, out):
    """`B.T d` for tiles `d` of four rows."""
    np.subtract(d0, d2, out=out[0])
    np.add(d1, d2, out=out[1])
    np.subtract(d2, d1, out=out[2])
    np.subtract(d3, d1, out=out[3])


def _tiles(x, before, phases, half, tiles):
    """`B.T d B` for the tiles `d` of `x`, 4x4 entries each and two apart, as (16, tiles, C)."""
    phases, half, tiles = phases[: len(x)], half[:, : len(x)], tiles[:, :, : len(x)]
    _phases(x, before, phases)
    even, odd = phases[:, 0], phases[:, 1]
    _mixed(even[:, :-1], odd[:, :-1], even[:, 1:], odd[:, 1:], half)
    even, odd = half[:, :, :, 0], half[:, :, :, 1]
    _mixed(even[..., :-1, :], odd[..., :-1, :], even[..., 1:, :], odd[..., 1:, :], tiles)
    return tiles.reshape(16, -1, x.shape[3])


def _tile_memory(images, rows, columns, channels, dtype):
    """Memory for `_tiles` of so many images: zeros around the phases stay."""
    phases = np.zeros((images, 2, rows + 1, 2, columns + 1, channels), dtype)
    half = np.empty((4, images, rows, 2, columns + 1, channels), dtype)
    return phases, half, np.empty((4, 4, images, rows, columns, channels), dtype)
'''

_WINOGRAD = '''
def _winograd(x, K, before, out):
    """`x` (N, H, W, C), behind `before` rows and columns of zeros, convolved with `K` (3, 3, C, F) into `out`.

    Winograd's F(2x2, 3x3): four places from sixteen products, `A.T ((G K G.T) * (B.T d B)) A`, a few images at a time.
    """
    rows, columns, (c, f) = (out.shape[1] + 1) // 2, (out.shape[2] + 1) // 2, K.shape[2:]
    images = min(len(x), max(1, 2**18 // (16 * rows * columns * max(c, f)))) or 1
    for _ in range(2):  # G K, and then K.T G
        sides, middle = (K[0] + K[2]) / 2, K[1] / 2
        K = np.stack([K[0], sides + middle, sides - middle, K[2]]).swapaxes(0, 1)
    K = K.swapaxes(0, 1).reshape(16, c, f)
    memory = _tile_memory(images, rows, columns, c, x.dtype)
    products = np.empty((16 * images * rows * columns, f), x.dtype)
    halves = np.empty((2, 4, images, rows, columns, f), x.dtype)
    for start in range(0, len(x), images):
        tiles = _tiles(x[start : start + images], before, *memory)
        m = products[: 16 * tiles.shape[1]].reshape(16, -1, f)
        np.matmul(tiles, K, out=m)
        m = m.reshape(4, 4, -1, rows, columns, f)
        half = halves[:, :, : m.shape[2]]
        np.add(m[:, 0], m[:, 1], out=half[0])
        np.add(half[0], m[:, 2], out=half[0])
        np.subtract(m[:, 1], m[:, 2], out=half[1])
        np.add(half[1], m[:, 3], out=half[1])
        for i, h in enumerate(half):
            even, odd = out[start : start + images, i::2, ::2], out[start : start + images, i::2, 1::2]
            h = h[:, :, : even.shape[1]]
            np.add(h[0], h[1], out=h[0])
            np.add(h[0], h[2], out=even)
            np.subtract(h[1], h[2], out=h[1])
            np.add(h[1, :, :, : odd.shape[2]], h[3, :, :, : odd.shape[2]], out=odd)
    return out
'''

_WINOGRAD_SLOPE = '''
def _winograd_slope(x, dy, before):
    """The gradient by the kernel of `_winograd(x, K, before, y)`, of shape (3, 3, C, F), `dy` being that by `y`.

    `G.T (sum over tiles of (B.T d B) * (A dy A.T)) G`.
    """
    rows, columns, c, f = (dy.shape[1] + 1) // 2, (dy.shape[2] + 1) // 2, x.shape[3], dy.shape[3]
    images = min(len(x), max(1, 2**18 // (16 * rows * columns * max(c, f)))) or 1
    memory = _tile_memory(images, rows, columns, c, x.dtype)
    phases = np.zeros((images, 2, rows, 2, columns, f), x.dtype)
    halves = np.empty((4, images, rows, 2, columns, f), x.dtype)
    spread = np.empty((4, 4, images, rows, columns, f), x.dtype)
    total, part = np.zeros((16, c, f), x.dtype), np.empty((16, c, f), x.dtype)
    for start in range(0, len(x), images):
        tiles = _tiles(x[start : start + images], before, *memory)
        n = min(images, len(x) - start)
        _phases(dy[start : start + images], (0, 0), phases[:n])
        half, whole = halves[:, :n], spread[:, :, :n]
        for d, out in ((phases[:n].swapaxes(0, 1), half), (half.transpose(3, 0, 1, 2, 4, 5), whole)):
            out[0], out[3] = d[0], d[1]
            np.add(d[0], d[1], out=out[1])
            np.subtract(d[0], d[1], out=out[2])
        np.matmul(tiles.transpose(0, 2, 1), whole.reshape(16, -1, f), out=part)
        np.add(total, part, out=total)
    K = total.reshape(4, 4, c, f)
    for _ in range(2):
        sides, middle = (K[1] + K[2]) / 2, (K[1] - K[2]) / 2
        K = np.stack([K[0] + sides, middle, K[3] + sides]).swapaxes(0, 1)
    return K.swapaxes(0, 1)
'''

OF_WINDOWS: dict[str, str] = {
    "_overlap_add": _OVERLAP_ADD,
    "_framed": _FRAMED,
    "_route": _ROUTE,
    "_tiles": _TILES,
    "_winograd": _WINOGRAD,
    "_winograd_slope": _WINOGRAD_SLOPE,
}
