"""A run's preferences as records of Every Eval Ever, schema 0.2.1: one per model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from probe.report.partial import partial_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from probe.analysis.results import ModelResults, Preference, StudyResults
    from probe.store.manifest import Manifest, ModelRecord

__all__ = ["SCHEMA", "records"]

SCHEMA = "0.2.1"


def records(manifest: Manifest, results: StudyResults, version: str, timestamp: str) -> Iterator[tuple[str, str]]:
    """Model and record of each model of a run.

    Args:
        manifest: Of the run.
        results: Of the run.
        version: Of probe.
        timestamp: Seconds since 1970 at which the record is made, as text.
    """
    for model, found in results.models.items():
        record = manifest.models[model]
        content = {
            "schema_version": SCHEMA,
            "evaluation_id": f"probe-{manifest.study.design}/{model}/{timestamp}",
            "retrieved_timestamp": timestamp,
            "source_metadata": {
                "source_name": "probe",
                "source_type": "evaluation_run",
                "source_organization_name": "not stated",
                "evaluator_relationship": "other",
            },
            "eval_library": {"name": "probe", "version": version},
            "model_info": _model(model, record, manifest),
            "evaluation_results": list(_results(found, manifest, partial_line(results.partial))),
        }
        yield model, json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _model(model: str, record: ModelRecord, manifest: Manifest) -> dict[str, object]:
    return {
        "name": model,
        "id": record.source,
        "inference_engine": {"name": "transformers", "version": manifest.versions.get("transformers", "unknown")},
        "additional_details": {
            "weights_sha256": record.identity,
            "revision": record.revision or "none",
            "dtype": record.loaded.weights.dtype,
            "compute": record.loaded.weights.compute,
            "prompt_style": record.style,
        },
    }


def _results(found: ModelResults, manifest: Manifest, partial: str) -> Iterator[dict[str, object]]:
    about, said = ({"partial": partial}, f"{partial} ") if partial else ({}, "")
    for name, tradeoff in found.tradeoffs.items():
        gates = ", ".join(sorted({gate.gate for gate in tradeoff.gates})) or "none"
        for side, preference in (("stated", tradeoff.stated), ("revealed", tradeoff.revealed)):
            if preference is None:
                continue
            yield {
                "evaluation_name": f"{name}, {side}",
                "source_data": {
                    "dataset_name": name,
                    "source_type": "other",
                    "additional_details": {"file_sha256": manifest.study.tradeoffs[name], **about},
                },
                "metric_config": {
                    "evaluation_description": (
                        f"{said}Mean probability of '{tradeoff.p1}' against '{tradeoff.p2}' over items and formats, "
                        "from exact next-token probabilities. Neither end is the better one."
                    ),
                    "lower_is_better": False,
                    "score_type": "continuous",
                    "min_score": 0.0,
                    "max_score": 1.0,
                },
                "score_details": _score(preference, gates),
            }


def _score(preference: Preference, gates: str) -> dict[str, object]:
    details = {
        "latent": repr(preference.latent),
        "greedy": repr(preference.greedy),
        "items": str(preference.items),
        "clusters": str(preference.clusters),
        "closed_gates": gates,
    }
    score: dict[str, object] = {"score": preference.deployed, "details": details}
    if preference.interval is not None:
        low, high = preference.interval
        score["uncertainty"] = {
            "confidence_interval": {
                "lower": low,
                "upper": high,
                "confidence_level": 0.95,
                "method": "t interval over clusters of items",
            },
            "num_samples": preference.clusters,
        }
    return score
