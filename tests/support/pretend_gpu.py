"""GPUs that are none: tensors hold real numbers in main memory, and obey a GPU's rules.

Tensors of other devices are refused beside them, numbers cannot be reached without a copy, copies and computations are
counted, memory is given out by an allocator with a bound. Device types are called ``cuda``, so that the branches that
a GPU would take are taken; devices must be named with their index, ``cuda:0``.
"""

from __future__ import annotations

import contextlib
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

__all__ = ["PretendTensor", "Pretending", "pretending"]

CPU = torch.device("cpu")

_READ_BACK = {"item", "_local_scalar_dense", "equal", "allclose", "is_nonzero"}
"""Operations that give the host a number."""

_SIZED_BY_VALUE = {"nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive", "bincount"}
"""Operations whose result has a size that the host must wait for."""


class PretendTensor(torch.Tensor):
    """A tensor on a pretended GPU.

    Attributes:
        inner: Its numbers, in main memory.
        block: What the allocator knows of their memory.
    """

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner, device, block):
        own = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=device,
        )
        own.inner, own.block = inner, block
        return own

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        flat, _ = tree_flatten((args, kwargs or {}))
        gpus = next(one.block.gpus for one in flat if isinstance(one, PretendTensor))
        return gpus.dispatch(func, args, kwargs or {})

    def __repr__(self):
        return f"{self.inner} on {self.device}"

    def __getitem__(self, where):  # torch's own looks for a driver before it dispatches
        return self.block.gpus.index(self, where)

    def __setitem__(self, where, value):
        self.block.gpus.index(self, where).copy_(value) if _is_view(where) else self.index_put_(_listed(where), value)

    def copy_(self, *given, **named):
        return torch.ops.aten.copy_(self, *given, **named)

    def contiguous(self, **named):
        return torch.ops.aten.contiguous(self, **named)

    def tolist(self):
        return self.cpu().tolist()

    def item(self):
        return torch.ops.aten.item(self)

    def __bool__(self):
        return bool(self.item())

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    @property
    def data(self):
        return self.detach()

    @data.setter
    def data(self, other):
        torch.Tensor.data.__set__(self, other)
        self.inner, self.block = other.inner, other.block


class _Block:
    """Memory of one storage, taken until nothing looks at it."""

    def __init__(self, gpus, index, size):
        self.gpus, self.index, self.size = gpus, index, size
        if gpus.allocated[index] + size > gpus.capacity:
            gpus.allocated[index] += size  # which `__del__` takes back
            raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {size} bytes.")
        gpus.allocated[index] += size
        gpus.reserved[index] = max(gpus.reserved[index], gpus.allocated[index])

    def __del__(self):
        self.gpus.allocated[self.index] -= self.size


class Pretending(TorchDispatchMode):
    """What happens on the GPUs.

    Attributes:
        capacity: Bytes of each.
        counts: How often: ``to device``, ``to host``, ``between``: copies; ``launches``: computations.
        names: Computations by name.
        allocated: Bytes in use, by GPU.
        reserved: Bytes that the allocator has taken and keeps, by GPU.
    """

    def __init__(self, capacity: int = 2**40) -> None:
        super().__init__()
        self.capacity = capacity
        self.counts: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        self.allocated: Counter[int] = Counter()
        self.reserved: Counter[int] = Counter()
        self._late: list[Callable[[], object]] = []
        self._blocks: weakref.WeakValueDictionary[int, _Block] = weakref.WeakValueDictionary()

    def event(self):
        """A `torch.cuda.Event`: whoever waits for it finds the copies that were begun before it."""
        awaited: list[Callable[[], object]] = []

        def synchronize():
            for copy in awaited:
                copy()

        return SimpleNamespace(
            record=lambda _: (awaited.extend(self._late), self._late.clear()), synchronize=synchronize
        )

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self.dispatch(func, args, kwargs or {})

    def dispatch(self, func, args, kwargs):
        """Do on main memory what is asked, by the rules of GPUs."""
        given = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, torch.Tensor)]
        wanted = kwargs.get("device")
        name = func.overloadpacket.__name__
        if (
            name == "to" and wanted is None and len(args) > 1
        ):  # overloads that name a device, or another tensor, in their place
            wanted = next((one for one in args[1:] if isinstance(one, torch.device)), None)
            wanted = args[1].device if isinstance(args[1], torch.Tensor) else wanted
        if wanted is not None and torch.device(wanted).type not in {"cpu", "cuda"}:
            return func(*args, **kwargs)
        source = _common_device(name, given)
        target = torch.device(wanted) if wanted is not None else given[0].device if name == "copy_" else source
        if target.type == "cuda" and target.index is None:
            raise RuntimeError("a pretended GPU must be named with its index")
        plain_args, plain_kwargs = tree_map(_inner, (args, kwargs))
        if wanted is not None:
            plain_args = tree_map(lambda one: CPU if isinstance(one, torch.device) else one, plain_args)
        if "device" in plain_kwargs:
            plain_kwargs["device"] = CPU
        plain_kwargs.pop("pin_memory", None)
        late = name == "copy_" and target.type == "cpu" and (kwargs.get("non_blocking") or True in args[2:])
        if late:  # until someone waits for it, the host sees what no result is
            arrived, sent = plain_args[:2]
            self._late.append(torch.inference_mode()(lambda: arrived.copy_(sent)))
            plain_args = arrived, torch.full_like(arrived, torch.nan)
        found = _compute(name, func, plain_args, {} if late else plain_kwargs)
        self._count(name, func, given, source, target, found)
        if source != target and name != "copy_" and given:  # a copy that main memory did not need to make
            found = tree_map(lambda one: one.clone() if _is_tensor(one) else one, found)
        known = {id(one.inner): one for one in given if isinstance(one, PretendTensor) and one.device == target}
        return tree_map(lambda one: known.get(id(one), self._put(one, target)) if _is_tensor(one) else one, found)

    def index(self, tensor, where):
        """What ``tensor[where]`` is."""
        given = [tensor, *(one for one in tree_flatten(where)[0] if _is_tensor(one))]
        device = _common_device("index", given)
        with torch.utils._python_dispatch._disable_current_modes():
            found = tensor.inner[tree_map(_inner, where)]
        self._count("index", torch.ops.aten.index.Tensor, given, device, device, found)
        return self._put(found, device)

    def _put(self, inner, device):
        if device.type != "cuda":
            return inner
        key = inner.untyped_storage().data_ptr() or id(inner)
        block = self._blocks.get(key)
        if block is None or block.index != device.index:
            block = _Block(self, device.index, inner.untyped_storage().nbytes())
            self._blocks[key] = block
        with torch.inference_mode(mode=False):  # a view of a parameter is no tensor of inference
            return PretendTensor(inner, device, block)

    def _count(self, name, func, given, source, target, found):
        source = given[1].device if name == "copy_" and len(given) > 1 else source
        if source != target and given:
            way = "to device" if source == CPU else "to host" if target == CPU else "between"
            self.counts[way] += all(one.numel() for one in given)
            return
        if target.type != "cuda" or not given:
            return
        if name in _READ_BACK or name in _SIZED_BY_VALUE:
            self.counts["to host"] += 1
        if name in {"index", "index_put_", "index_put"}:
            self.counts["to device"] += sum(one.device == CPU and one.dim() > 0 for one in given)
            self.counts["to host"] += sum(one.dtype == torch.bool and one.dim() > 0 for one in given[1:])
        old = {_inner(one).untyped_storage().data_ptr() for one in given}
        fresh = [one for one in tree_flatten(found)[0] if _is_tensor(one)]
        if func._schema.is_mutable or any(one.untyped_storage().data_ptr() not in old for one in fresh):
            self.counts["launches"] += 1
            self.names[name] += 1


def _compute(name, func, args, kwargs):
    """In main memory, what the host has no kernel for and a GPU has included."""
    if name == "histc" and not args[0].is_floating_point():
        return func(args[0].float(), *args[1:], **kwargs).to(args[0].dtype)
    if name == "mm" and func._overloadname == "dtype":  # 16-bit numbers, summed in float32
        return torch.mm(args[0].to(args[2]), args[1].to(args[2]))
    return func(*args, **kwargs)


def _common_device(name, given):
    """The device of all tensors; those of one number in main memory, and indices there, may stand beside a GPU's."""
    devices = {one.device for one in given}
    if len(devices) < 2 or name in {"copy_", "to"}:
        return given[0].device if given else CPU
    loose = name in {"index", "index_put_", "index_put"}
    held = {one.device for one in given if one.device != CPU or (one.dim() > 0 and not loose)}
    if len(held) != 1:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices in {name}: "
            f"{', '.join(sorted(map(str, devices)))}!"
        )
    return held.pop()


def _is_tensor(one):
    return isinstance(one, torch.Tensor)


def _is_view(where):
    return not any(_is_tensor(one) for one in tree_flatten(where)[0])


def _listed(where):
    return list(where) if isinstance(where, tuple) else [where]


def _inner(one):
    return one.inner if isinstance(one, PretendTensor) else one


@contextlib.contextmanager
def pretending(gpus: int = 1, capacity: int = 2**40) -> Iterator[Pretending]:
    """Let this process have GPUs for a while; what `torch.cuda` says of them is made up."""
    mode = Pretending(capacity)
    about = SimpleNamespace(name="Pretended GPU", major=9, minor=0, total_memory=capacity)

    def index(device=None):
        return torch.device(device if device is not None else "cuda:0").index if not isinstance(device, int) else device

    def empty_cache():
        mode.reserved.update({gpu: mode.allocated[gpu] - mode.reserved[gpu] for gpu in range(gpus)})

    made_up = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "device_count": lambda: gpus,
        "current_device": lambda: 0,
        "get_device_name": lambda *_: about.name,
        "get_device_properties": lambda *_: about,
        "get_device_capability": lambda *_: (about.major, about.minor),
        "mem_get_info": lambda device=None: (mode.capacity - mode.reserved[index(device) or 0], mode.capacity),
        "memory_reserved": lambda device=None: mode.reserved[index(device) or 0],
        "memory_allocated": lambda device=None: mode.allocated[index(device) or 0],
        "empty_cache": empty_cache,
        "synchronize": lambda *_: None,
        "Event": mode.event,
        "current_stream": lambda *_: None,
    }
    lifts, overwrites = torch._C._only_lift_cpu_tensors(), torch.__future__.get_overwrite_module_params_on_conversion()
    with pytest.MonkeyPatch.context() as patch, mode:
        for name, value in made_up.items():
            patch.setattr(torch.cuda, name, value)
        patch.setattr(
            "transformers.modeling_utils.caching_allocator_warmup", lambda *_, **__: None
        )  # asks for gigabytes
        patch.setenv("HF_DEACTIVATE_ASYNC_LOAD", "1")  # what happens here happens in this thread
        torch._C._set_only_lift_cpu_tensors(True)  # `torch.tensor` makes its numbers first, and moves them then
        torch.__future__.set_overwrite_module_params_on_conversion(True)  # tensors of two classes cannot change places
        try:
            yield mode
        finally:
            torch._C._set_only_lift_cpu_tensors(lifts)
            torch.__future__.set_overwrite_module_params_on_conversion(overwrites)
