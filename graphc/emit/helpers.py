"""Functions a generated module brings along, each only where it is used."""

from __future__ import annotations

from collections.abc import Collection

from graphc.emit.window_helpers import OF_WINDOWS

_SHAPE = '''
def _shape(what, array, rank):
    """The shape of an argument, once it has the right number of axes."""
    if array.ndim != rank:
        raise ValueError(f"{what} was given with shape {array.shape}")
    return array.shape
'''

_CHECK = '''
def _check(what, array, *shape):
    """Refuse an argument of another shape."""
    if array.shape != shape:
        raise ValueError(f"{what} was given with shape {array.shape}, expected {shape}")
'''

_INTEGERS = '''
def _integers(what, value):
    """An argument as whole numbers; others are refused rather than rounded."""
    array = np.asarray(value)
    if array.dtype.kind not in "biu" and array.size:
        raise ValueError(f"{what} has to hold whole numbers and was given as {array.dtype}")
    return array.astype(np.int64, copy=False)
'''

_LABELS = '''
def _labels(what, array, count):
    """Refuse labels that name no class or row: zeros, or a row counted from the end, would silently stand for them."""
    # Read as unsigned numbers, those below zero are the largest.
    if np.count_nonzero(array.view(np.uint64) >= count):
        found = f"{array.min()} to {array.max()}"
        raise ValueError(f"{what} has to hold labels from 0 to {count - 1} and was given {found}")
'''

# Polynomials by Chebyshev interpolation in 60 digits: of erf(x)/x in x**2 on [0, 1], and of erfc(x)*exp(x**2)
# in a variable linear in 1/(x + shift) on [1, last]. The relative error is below 4e-16 in float64, 2e-7 in float32.
_ERF = '''
_ERF_SMALL = (
    -4.2320376764874594e-12, 8.709755232851789e-11, -1.2164764337224506e-09, 1.479243542696247e-08,
    -1.6364645854816389e-07, 1.6462045711013026e-06, -1.4925647581008593e-05, 0.00012055332903350668,
    -0.0008548327021945428, 0.005223977625423455, -0.026866170645129854, 0.1128379167095512,
    -0.37612638903183754, 1.1283791670955126,
)
_ERF_LARGE = (
    5.435002394270322e-14, -9.128674874526761e-13, -4.163825445871789e-12, 4.3507837882015726e-11,
    3.4591566174567207e-10, -1.2109097065314568e-09, -2.6898369741573668e-08, -9.099149645923368e-08,
    1.1522175342089556e-06, 1.8986211068364088e-05, 0.00015707827811502673, 0.0009330603369324369,
    0.004376991048772834, 0.01688594237963596, 0.054639014200511135, 0.14956560740980876,
    0.20100586278980304,
)
_ERF_SMALL_32 = (
    7.875875e-05, -0.00080168643, 0.0051890872, -0.026854211, 0.11283594, -0.37612626, 1.1283791,
)
_ERF_LARGE_32 = (-2.8137312e-05, 4.4353957e-05, 0.0029248872, 0.02685156, 0.1423953, 0.25539565)


def _erf(x):
    """The error function: Chebyshev fits of erf(x)/x below 1 and of erfc(x)*exp(x**2) above, in blocks."""
    single = x.dtype == np.float32
    small, large = (_ERF_SMALL_32, _ERF_LARGE_32) if single else (_ERF_SMALL, _ERF_LARGE)
    slope, shift, offset, last = (12.0, 2.0, 3.0, 4.0) if single else (18.525, 3.75, 2.9, 6.0)
    result = np.empty(x.shape, x.dtype)
    values, results = x.reshape(-1), result.reshape(-1)
    for start in range(0, len(values), 8192):
        part, y = values[start : start + 8192], results[start : start + 8192]
        size = np.abs(part)
        u = np.minimum(size, 1.0)
        u *= u
        np.multiply(u, small[0], out=y)
        for coefficient in small[1:-1]:
            y += coefficient
            y *= u
        y += small[-1]
        y *= part
        far = size >= 1.0
        if not far.any():
            continue
        np.clip(size, 1.0, last, out=size)
        np.divide(slope, size + shift, out=u)
        u -= offset
        z = u * large[0]
        for coefficient in large[1:-1]:
            z += coefficient
            z *= u
        z += large[-1]
        np.multiply(size, -size, out=size)
        z *= np.exp(size, out=size)
        np.subtract(1.0, z, out=z)
        np.copyto(y, np.copysign(z, part, out=z), where=far)
    return result[()]
'''

_MAX_OF_ROWS = '''
def _max_of_rows(x):
    """The largest entry of each row: `argmax` finds it in a quarter of the time that `max` takes."""
    return x[np.arange(len(x)), x.argmax(axis=1)]
'''

_MIN_OF_ROWS = '''
def _min_of_rows(x):
    """The smallest entry of each row: `argmin` finds it in a quarter of the time that `min` takes."""
    return x[np.arange(len(x)), x.argmin(axis=1)]
'''

_ON_DIAGONAL = '''
def _on_diagonal(x, axes, output):
    """Zeros with `x` on the diagonal that `output` names by repeating letters of `axes`."""
    extent = dict(zip(axes, x.shape))
    result = np.zeros([extent[i] for i in output], x.dtype)
    grid = dict(zip(axes, np.ogrid[tuple(slice(n) for n in x.shape)]))
    result[tuple(grid[i] for i in output)] = x
    return result
'''

_PLACED = '''
def _placed(x, shape, where, fill):
    """An array of `fill` with `x` written at the slices `where`."""
    result = np.full(shape, fill, x.dtype)
    result[where] = x
    return result
'''

_SCATTER_ADD = '''
def _scatter_add(shape, where, updates):
    """Zeros with `updates` added at the indices `where`; repeated places add up."""
    result = np.zeros(shape, updates.dtype)
    np.add.at(result, where, updates)
    return result
'''

_BLOCK_PRODUCT = '''
def _block_product(a, b, blocks, summed):
    """A matrix product for each index of the first `blocks` axes; the last `summed` axes of `a` meet those of `b`."""
    lead, rows, inner = a.shape[:blocks], a.shape[blocks : a.ndim - summed], a.shape[a.ndim - summed :]
    columns = b.shape[blocks + summed :]
    k, n, m = (int(np.prod(axes)) for axes in (inner, rows, columns))
    return (a.reshape(*lead, n, k) @ b.reshape(*lead, k, m)).reshape(*lead, *rows, *columns)
'''

_SCAN = '''
def _scan(accumulate, x, axis, reverse=False, exclusive=False):
    """A cumulative sum or product, from the end if `reverse`, without the entry itself if `exclusive`."""
    x = np.moveaxis(np.flip(x, axis) if reverse else x, axis, 0)
    if exclusive:
        first = np.full((1, *x.shape[1:]), accumulate is np.cumprod, x.dtype)
        x = np.concatenate([first, x[:-1]]) if len(x) else x
    result = np.moveaxis(accumulate(x, axis=0), 0, axis)
    return np.flip(result, axis) if reverse else result
'''

_RECURRENCE = '''
def _recurrence(a, b, axis, reverse=False):
    """r[i] = a[i] * r[i-1] + b[i] along an axis, from r[-1] = 0."""
    a, b = (np.moveaxis(np.flip(x, axis) if reverse else x, axis, 0) for x in (a, b))
    result = np.array(b)
    for i in range(1, len(result)):
        result[i] += a[i] * result[i - 1]
    result = np.moveaxis(result, 0, axis)
    return np.flip(result, axis) if reverse else result
'''

_UNIFORM = '''
def _uniform(key, seed, step, shape, dtype):
    """Numbers in [0, 1), a function of key, seed, step and place: Philox in float64, rounded."""
    key = np.array([int(seed) % 2**64, key], np.uint64)
    counter = np.array([0, 0, int(step) % 2**64, 0], np.uint64)
    numbers = np.random.Generator(np.random.Philox(key=key, counter=counter)).random(shape)
    return np.minimum(numbers.astype(dtype), np.nextafter(dtype(1), dtype(0)))
'''

_VIEWS = '''
def _views(shapes, dtype):
    """One flat array of zeros, and its consecutive parts under the given names and shapes."""
    flat = np.zeros(sum(int(np.prod(shape)) for shape in shapes.values()), dtype)
    views, start = {}, 0
    for name, shape in shapes.items():
        stop = start + int(np.prod(shape))
        views[name] = flat[start:stop].reshape(shape)
        start = stop
    return flat, views
'''

_KEEP = '''
def _keep(memory, key, arrays):
    """Hold arrays for later calls; those of the sizes met first go when there are too many."""
    while len(memory) >= 12:
        memory.pop(next(iter(memory)))
    memory[key] = arrays
'''

_SHARED = '''
def _shared(dtype, *shapes):
    """Arrays in the same memory, for results of which one is needed after the other."""
    counts = [int(np.prod(shape)) for shape in shapes]
    memory = np.empty(max(counts), dtype)
    return [memory[:count].reshape(shape) for count, shape in zip(counts, shapes)]
'''

_IN_BLOCKS = '''
def _in_blocks(run, count, rows, arrays, scratch):
    """Call `run` on slices of `rows` rows out of `count`, one after the other, and on as much of `scratch`."""
    steps = [len(array) // count for array in arrays] if count else []
    for start in range(0, count, rows):
        stop = min(start + rows, count)
        slices = [array[step * start : step * stop] for array, step in zip(arrays, steps)]
        own = scratch if stop - start == rows else [s[: len(s) // rows * (stop - start)] for s in scratch]
        run(*slices, *own)
'''

_IN_PARTS = '''
def _in_parts(run, count, parts, arrays, memory):
    """Call `run` on parts of `count` rows, each on a thread with memory of its own; matrix products take one each."""
    parts = max(1, min(parts, count)) if _BLAS else 1
    edges = [count * part // parts for part in range(parts + 1)]
    own = [memory(part, edges[part + 1] - edges[part]) for part in range(parts)]
    steps = [len(array) // max(count, 1) for array in arrays]
    slices = [
        [array[step * edges[part] : step * edges[part + 1]] for array, step in zip(arrays, steps)]
        for part in range(parts)
    ]
    if parts == 1:
        run(*slices[0], own[0])
        return own
    errors = []

    def run_one(part):
        try:
            run(*slices[part], own[part])
        except BaseException as error:
            errors.append(error)

    numbers = [library.num_threads for library in _BLAS]
    for library in _BLAS:
        library.set_num_threads(1)
    try:
        others = [threading.Thread(target=run_one, args=(part,)) for part in range(1, parts)]
        for other in others:
            other.start()
        run_one(0)
        for other in others:
            other.join()
    finally:
        for library, number in zip(_BLAS, numbers):
            library.set_num_threads(number)
    if errors:
        raise errors[0]
    return own
'''

_TOTAL = '''
def _total(parts, i):
    """The sum of array `i` of the parts, in their order, in that of the first."""
    total = parts[0][i]
    for part in parts[1:]:
        np.add(total, part[i], out=total)
    return total
'''

HELPERS: dict[str, str] = {
    "_shape": _SHAPE,
    "_check": _CHECK,
    "_integers": _INTEGERS,
    "_labels": _LABELS,
    "_erf": _ERF,
    "_max_of_rows": _MAX_OF_ROWS,
    "_min_of_rows": _MIN_OF_ROWS,
    "_on_diagonal": _ON_DIAGONAL,
    "_placed": _PLACED,
    "_scatter_add": _SCATTER_ADD,
    **OF_WINDOWS,
    "_block_product": _BLOCK_PRODUCT,
    "_scan": _SCAN,
    "_recurrence": _RECURRENCE,
    "_uniform": _UNIFORM,
    "_views": _VIEWS,
    "_keep": _KEEP,
    "_shared": _SHARED,
    "_in_blocks": _IN_BLOCKS,
    "_in_parts": _IN_PARTS,
    "_total": _TOTAL,
}


def helper_texts(used: Collection[str]) -> list[str]:
    """The source of the helpers in use, in a fixed order."""
    return [HELPERS[name].strip("\n") for name in HELPERS if name in used]
