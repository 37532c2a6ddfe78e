"""What every object of the library has in Python: errors become exceptions, handles are freed in the right order."""
import atexit
import ctypes as C
import weakref

from . import _c
from ._c import lib


class PlnError(Exception):
    """An error of the library: `status` (a number), `name` ("PLN_ENOENT"), `where`, `message`."""

    __module__ = "pln"  # as a traceback calls it

    def __init__(self, status, err):
        self.status, self.flags, self.native = status, err.flags, err.native
        self.name = lib.pln_status_name(status).decode()
        self.where = err.where.decode("utf-8", "replace")
        self.message = (err.message or lib.pln_status_text(status)).decode("utf-8", "replace")
        self.retryable = bool(err.flags & 1)
        super().__init__(f"{self.where}: {self.message}" if self.where else self.message)


def call(function, *arguments):
    """Call a fallible function, whose last argument is the error record."""
    err = _c.Error()
    status = function(*arguments, C.byref(err))
    if status < 0:
        raise PlnError(status, err)
    return status


def make(function, *arguments):
    """Call a function that gives a handle away: the argument before the error record."""
    out = C.c_void_p()
    call(function, *arguments, C.byref(out))
    return out.value


def text_of(runtime, address):
    """A text that was given away, and is freed here; None for none."""
    if not address:
        return None
    try:
        return C.string_at(address).decode()
    finally:
        lib.pln_text_free(runtime._handle, address)


def make_text(runtime, function, *arguments):
    """Call a function that gives a text away: the argument before the error record."""
    return text_of(runtime, make(function, *arguments))


def lent(function, *arguments):
    """The bytes that a call lends, with their size."""
    data, size = C.c_void_p(), C.c_int64()
    call(function, *arguments, C.byref(data), C.byref(size))
    return C.string_at(data, size.value)


_new_bytes = C.PYFUNCTYPE(C.py_object, C.c_void_p, C.c_ssize_t)(("PyBytes_FromStringAndSize", C.pythonapi))


def new_bytes(size):
    """A bytes object for the library to fill, which nobody else has seen yet: this saves a copy of all that comes out."""
    return _new_bytes(None, size)


def number_of(noun, name, table):
    """What stands for a word in the C interface."""
    if name not in table:
        raise ValueError(f"{noun} {name!r} is none of {', '.join(table)}")
    return table[name]


def word_of(number, table):
    """The word for a number of the C interface."""
    return next(word for word, value in table.items() if value == number)


_living = weakref.WeakSet()


class Handle:
    """An object of the library. It is freed when its Python object is gone, and all that were made from it: a garbage collector that
    meets them in a cycle keeps no order, so the holds are counted here."""

    _free = None

    def __init__(self, handle, *needs):
        self._handle, self._needs, self._holds, self._open = handle, [], 1, True
        for other in needs:
            self._need(other)
        _living.add(self)

    @classmethod
    def _adopt(cls, handle):
        """A handle that the library has made in another way than the constructor does."""
        made = cls.__new__(cls)
        Handle.__init__(made, handle)
        return made

    def _need(self, other):
        other._holds += 1
        self._needs.append(other)

    def _kin(self, other):
        """The handle of another object of this kind: C would not notice a wrong one."""
        if not isinstance(other, type(self)):
            raise TypeError(f"a {type(other).__name__} is no {type(self).__name__}")
        return other._handle

    def _let_go(self):
        self._holds -= 1
        if self._holds == 0:
            self._free(self.__dict__.pop("_handle"))
            for other in self._needs:
                other._let_go()

    def close(self):
        """Free it now, or as soon as nothing needs it any more; without this it goes with its last reference."""
        if getattr(self, "_open", False):
            self._open = False
            self._let_go()

    __del__ = close

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def __getattr__(self, name):
        if name == "_handle":
            raise ValueError(f"this {type(self).__name__} is closed")
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def __hash__(self):
        return id(self)


@atexit.register
def _free_all():
    """While the interpreter still works: what exceptions and cycles have kept calls back into it."""
    for handle in list(_living):
        handle.close()
