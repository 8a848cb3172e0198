"""What was loaded and how it is read: one record, made by `engine`, kept beside its packs, composed by the manifest.

Plain values and no room: whoever makes, keeps or prints one may import it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["IN_FLOAT32", "LoadedFacts", "ReaderFacts", "WeightFacts"]

IN_FLOAT32 = "computes in float32"
"""Why the same weights are not read in float32 compute once more, where the run itself does so."""


@dataclass(frozen=True, slots=True)
class WeightFacts:
    """Weights as they really are in memory.

    Attributes:
        dtype: In which they were loaded; several are joined by ``+``.
        attention: Implementation of attention in use.
        architecture: Class of the model.
        parameters: Their number.
        device: GPU name or ``cpu``.
        quantisation: Settings of the quantised layers; empty without.
        compute: ``native`` or ``fp32``.
        weight_bytes: Bytes that parameters, buffers and scales really take.
        estimated_bytes: What was expected of them before loading.
        unquantised_share: Share of the inner weights that quantisation left as they are.
        placement: Bytes of the weights by where they lie.
        numerics: Settings that move last bits, read back from torch after loading.
    """

    dtype: str
    attention: str
    architecture: str
    parameters: int
    device: str
    quantisation: dict[str, str | bool | float]
    compute: str
    weight_bytes: int
    estimated_bytes: int
    unquantised_share: float
    placement: dict[str, int] = field(default_factory=dict)
    numerics: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """The reader of a model and what was measured when it was chosen.

    Attributes:
        reader: ``trie``, ``forked``, ``plain`` or ``exact``.
        reader_why: Why it is this reader, in a few words.
        check_difference: Largest difference of that reader from one prompt at a time on the check pack, both in
            float32, in nats or probability of a boundary; None where none was tried.
        first_difference: The same on the study's first pack; None for the plain reader.
        logits_dtype: Of the logits before float64.
        trie_attention: ``tiles`` or ``flex``: how a trie is attended to.
        trie_attention_why: Why, where ``gpu_fast`` was asked for; empty else.
    """

    reader: str
    reader_why: str = ""
    check_difference: float | None = None
    first_difference: float | None = None
    logits_dtype: str = "float32"
    trie_attention: str = "tiles"
    trie_attention_why: str = ""


@dataclass(frozen=True, slots=True)
class LoadedFacts:
    """A model as it was loaded, and how it is read.

    Attributes:
        weights: As they are in memory.
        reading: By which reader.
        threads: CPU threads there are to read with. On a CPU each reads packs of its own, bit-identical for any number.
        floor_compute_absent: Why cells of the numeric floor are not read in float32 compute beside the run's own:
            ``computes in float32`` or ``memory``; empty where they are.
    """

    weights: WeightFacts
    reading: ReaderFacts
    threads: int
    floor_compute_absent: str = ""

    @property
    def floor_alone(self) -> bool:
        """Whether cells of the numeric floor are read each by itself: everywhere but by the trie in float32.

        There the trie was compared with one prompt in one pass when it was chosen, and what is left is rounding by the
        company that a prompt has in its pass: other company shows it as well as none, at less cost.
        """
        return self.floor_compute_absent != IN_FLOAT32 or self.reading.reader != "trie"

    @property
    def floor_together(self) -> bool:
        """Whether they are read many to a pass in float32 compute."""
        return not (self.floor_compute_absent and self.floor_alone)

    @property
    def floor_least(self) -> float:
        """What the numeric floor is at least, in nats: what the trial of the reader says of it where it is not alone.

        Two log-probabilities of a prompt may each be so far from one prompt in one pass, so a log-odds twice as far.
        """
        if self.floor_alone:
            return 0.0
        return 2 * max(self.reading.check_difference or 0.0, self.reading.first_difference or 0.0)
