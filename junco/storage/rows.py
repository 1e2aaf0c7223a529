"""From rows to the contract's words."""

import json
from datetime import UTC, datetime

from sqlalchemy import RowMapping

from junco.contract.catalogue import Verdict
from junco.contract.errors import Problem
from junco.contract.images import ImageSet
from junco.contract.job import InspectionState, Job, JobState, Progress
from junco.contract.model import ModelReport
from junco.contract.plan import Plan
from junco.contract.request import PlanRequest
from junco.contract.resources import ImageSetResource, ModelResource
from junco.storage.scoped import digest_in

Row = RowMapping


def model_of(row: Row) -> ModelResource:
    """A row of ``models``."""
    return ModelResource(
        id=digest_in(row["id"]),
        name=row["name"],
        size=row["size"],
        inspection=InspectionState(row["state"]),
        input_shape=shape_of(row["input_shape"]),
        output=row["output"],
        report=None if row["report"] is None else ModelReport.model_validate_json(row["report"]),
        problem=_problem(row["problem"]),
        create_time=moment(row["create_time"]),
        update_time=moment(row["update_time"]),
        revision=row["revision"],
    )


def images_of(row: Row) -> ImageSetResource:
    """A row of ``image_sets``."""
    images = ImageSet.model_validate_json(row["body"])
    return ImageSetResource(
        id=images.id, count=images.count, files=images.files, create_time=moment(row["create_time"])
    )


def job_of(row: Row) -> Job:
    """A row of ``jobs``."""
    return Job(
        id=row["id"],
        state=JobState(row["state"]),
        verdict=None if row["verdict"] is None else Verdict(row["verdict"]),
        attempt=row["attempt"],
        request=PlanRequest.model_validate_json(row["request"]),
        plan=None if row["plan"] is None else Plan.model_validate_json(row["plan"]),
        progress=_progress(row),
        error=_problem(row["error"]),
        create_time=moment(row["create_time"]),
        start_time=_moment(row["start_time"]),
        end_time=_moment(row["end_time"]),
        update_time=moment(row["update_time"]),
        revision=row["revision"],
    )


def shape_of(text: str | None) -> tuple[int, int, int] | None:
    """Channels, height, width from their JSON."""
    if text is None:
        return None
    channels, height, width = json.loads(text)
    return channels, height, width


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def _problem(text: str | None) -> Problem | None:
    return None if text is None else Problem.model_validate_json(text)


def _progress(row: Row) -> Progress:
    completed, total = row["completed"], row["total"]
    # The last percent is the drawing and judging, which have no passes to count.
    counted = round(99.0 * completed / total, 1) if total else 0.0
    percent = 100.0 if row["state"] == JobState.SUCCEEDED else counted
    return Progress(stage=row["stage"], completed=completed, total=total, percent=percent)
