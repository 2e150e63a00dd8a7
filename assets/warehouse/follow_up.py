"""What a case manager should do next: one item a client, record and reason, as of a day.

Facts dated after the day are not looked at, so a list can be made again for any past day from today's files. An item is
nothing but a query on the current data: it vanishes when its cause is mended in the source system and exported again.
Items name clients and case managers; they stay in the agency zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assets.errors import ConfigError
from assets.mistakes import told
from assets.study_config import StudyConfig
from assets.warehouse.follow_up_texts import reason, remedy
from assets.yamlfile import read_yaml, trouble

TABLE = "follow_up.items"


class FollowUpSettings(BaseModel):
    """``config/follow_up.yml``: after how many days something becomes an item."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    survey_notice_days: Annotated[int, Field(ge=0, le=365)] = 14
    goal_review_days: Annotated[int, Field(ge=1, le=3660)] = 40
    no_service_days: Annotated[tuple[Annotated[int, Field(ge=1, le=3660)], ...], Field(min_length=1)] = (14, 30)

    @field_validator("no_service_days")
    @classmethod
    def _rising(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if list(steps) != sorted(set(steps)):
            raise ValueError("must rise from each step to the next; the last is the urgent one")
        return steps


@dataclass(frozen=True)
class Item:
    """One thing to do. ``days`` are left (surveys) or have passed; ``about`` is an instrument or a column."""

    case_manager: str | None
    kind: str
    source_client_id: str | None
    record_id: str
    about: str | None
    days: int | None
    due_on: date | None
    file_token: str | None
    sheet: str | None
    source_row: int | None

    @property
    def reason_en(self) -> str:
        """Why it is on the list."""
        return reason(self.kind, self.about, self.days, "en")

    @property
    def reason_es(self) -> str:
        """Why it is on the list, in Spanish."""
        return reason(self.kind, self.about, self.days, "es")

    @property
    def fix_en(self) -> str:
        """Where it is mended."""
        return remedy(self.kind, "en")

    @property
    def fix_es(self) -> str:
        """Where it is mended, in Spanish."""
        return remedy(self.kind, "es")


_CLIENTS = """
    select
        clients.*,
        intakes.record_key,
        intakes.races,
        intakes.county as intake_county,
        intakes.sexual_orientation as intake_orientation,
        clients.absent_since is null
            and coalesce(clients.intake_date <= $day, true)
            and coalesce(clients.exit_date > $day, true) as is_open
    from intermediate.int_clients_identified as clients
    inner join staging.stg_case_management__clients as intakes
        on clients.file_token = intakes.file_token
        and clients.source_row = intakes.source_row
        and clients.sheet is not distinct from intakes.sheet
"""

_SURVEYS = """
    select
        case_manager,
        case when opens_on > $day then 'survey_opens' else 'survey_closes' end as kind,
        source_client_id,
        record_key as record_id,
        instrument as about,
        case when opens_on > $day then opens_on - $day else closes_on - $day end as days,
        case when opens_on > $day then opens_on else closes_on end as due_on,
        file_token,
        sheet,
        source_row
    from (
        select
            clients.*,
            instruments.instrument,
            coalesce(taken.t0_date, clients.anchor_date) + $target_days - $within_days as opens_on,
            coalesce(taken.t0_date, clients.anchor_date) + $target_days + $within_days as closes_on
        from clients
        cross join (values ('mspss'), ('copse'), ('urica')) as instruments (instrument)
        left join (
            select
                client_id,
                instrument,
                min(recorded_on) filter (where wave = 't0') as t0_date,
                bool_or(wave = 't6') as has_t6
            from intermediate.int_responses_placed
            where wave is not null and recorded_on <= $day
            group by client_id, instrument
        ) as taken on clients.client_id = taken.client_id and instruments.instrument = taken.instrument
        where clients.is_open and not coalesce(taken.has_t6, false)
    )
    where $day between opens_on - $notice_days and closes_on
"""

_GOALS = """
    select
        clients.case_manager,
        'goal_not_reviewed',
        clients.source_client_id,
        goals.goal_key,
        cast(null as varchar),
        $day - goals.seen_on,
        goals.seen_on + $review_days,
        goals.file_token,
        goals.sheet,
        goals.source_row
    from (
        select
            client_id,
            goal_key,
            min(set_date) as set_date,
            greatest(min(set_date), max(review_month)) as seen_on,
            arg_max(goal_status, review_month) as status,
            arg_max(file_token, review_month) as file_token,
            arg_max(sheet, review_month) as sheet,
            arg_max(source_row, review_month) as source_row
        from intermediate.int_goals_reviewed
        where review_month <= $day
        group by client_id, goal_key
    ) as goals
    inner join clients on goals.client_id = clients.client_id
    where clients.is_open and goals.set_date <= $day and goals.status = 'in_progress'
        and $day - goals.seen_on >= $review_days
"""

_SERVICES = """
    select
        case_manager,
        'no_service',
        source_client_id,
        record_key,
        cast(list_max(list_filter($no_service_days::integer[], step -> step <= $day - last_on)) as varchar),
        $day - last_on,
        last_on + list_min($no_service_days::integer[]),
        file_token,
        sheet,
        source_row
    from (
        select
            clients.case_manager,
            clients.source_client_id,
            clients.record_key,
            clients.file_token,
            clients.sheet,
            clients.source_row,
            greatest(any_value(clients.intake_date), max(services.service_date)) as last_on
        from clients
        left join intermediate.int_services_listed as services
            on clients.client_id = services.client_id and services.is_counted and services.service_date <= $day
        where clients.is_open
        group by all
    )
    where $day - last_on >= list_min($no_service_days::integer[])
"""

_NOTES = """
    select
        clients.case_manager,
        case when notes.service_date is null then 'note_without_date' else 'note_without_type' end,
        coalesce(clients.source_client_id, notes.client_id_raw),
        notes.note_key,
        cast(null as varchar),
        $day - coalesce(notes.service_date, cast(notes.entered_on as date)),
        cast(null as date),
        notes.file_token,
        notes.sheet,
        notes.source_row
    from staging.stg_case_management__case_notes as notes
    left join intermediate.int_client_ids_matched as ids on notes.client_key = ids.client_key
    left join clients on ids.matched_client_id = clients.source_client_id
    where notes.absent_since is null
        and coalesce(notes.service_date, cast(notes.entered_on as date), $day) <= $day
        and (
            notes.service_date is null
            or (
                coalesce(notes.service_types, '') = ''
                and not list_contains($attempts::varchar[], coalesce(notes.contact_type, ''))
            )
        )
"""

_REVIEWS = """
    select
        clients.case_manager,
        case when waiting.suggestion is null then 'survey_nobody' else 'survey_unmatched' end,
        waiting.suggestion,
        waiting.response_id,
        replace(waiting.feed, 'survey_', ''),
        $day - waiting.recorded_on,
        cast(null as date),
        responses.file_token,
        responses.sheet,
        responses.source_row
    from (
        select feed, response_id, recorded_on, unnest(
            case when suggestion_1 is null then [null]
                else list_filter([suggestion_1, suggestion_2, suggestion_3], one -> one is not null) end
        ) as suggestion
        from control.survey_review
    ) as waiting
    inner join intermediate.int_responses_placed as responses
        on waiting.response_id = responses.response_id
        and replace(waiting.feed, 'survey_', '') = responses.instrument
        and responses.excluded_reason = 'unmatched'
    left join clients on waiting.suggestion = clients.source_client_id
    where coalesce(waiting.recorded_on <= $day, true)
"""

_INTAKES = """
    select
        clients.case_manager,
        'intake_missing',
        clients.source_client_id,
        clients.record_key,
        gaps.gap,
        cast(null as bigint),
        cast(null as date),
        clients.file_token,
        clients.sheet,
        clients.source_row
    from clients
    cross join unnest(
        list_concat(
            case when coalesce(clients.races, '') = '' then ['race_ethnicity'] else [] end,
            case when clients.intake_orientation is null then ['sexual_orientation'] else [] end,
            case when clients.intake_county is null then ['county'] else [] end
        )
    ) as gaps (gap)
    where clients.absent_since is null and coalesce(clients.intake_date <= $day, true)
"""

_ITEMS = f"""
with clients as ({_CLIENTS})
{"union all".join(f"({part})" for part in (_SURVEYS, _SERVICES, _GOALS, _REVIEWS, _NOTES, _INTAKES))}
order by case_manager nulls last, kind, source_client_id nulls last, record_id, about
"""


def load_follow_up(path: Path) -> FollowUpSettings:
    """Read ``follow_up.yml``, or return the defaults where it is absent; ``ConfigError`` names file and key."""
    if not path.is_file():
        return FollowUpSettings()
    try:
        return FollowUpSettings.model_validate(read_yaml(path.read_text("utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: {trouble(error)}") from None
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {told(error, FollowUpSettings)}") from None


def follow_up(
    connection: duckdb.DuckDBPyConnection, config: StudyConfig, settings: FollowUpSettings, day: date
) -> list[Item]:
    """Return all items as of ``day``, by case manager, kind, client and record.

    ``connection`` is open on the working database after a build; read-only is enough.
    """
    parameters = {
        "day": day,
        "target_days": config.waves.t6.target_days,
        "within_days": config.waves.t6.within_days,
        "notice_days": settings.survey_notice_days,
        "review_days": settings.goal_review_days,
        "no_service_days": list(settings.no_service_days),
        "attempts": list(config.services.non_counting_contact_types),
    }
    return [Item(*row) for row in connection.execute(_ITEMS, parameters).fetchall()]


def store_follow_up(connection: duckdb.DuckDBPyConnection, items: list[Item], day: date) -> None:
    """Write ``follow_up.items`` (agency zone), replacing the list before."""
    import pyarrow as pa

    kinds: Mapping[str, pa.DataType] = {
        "case_manager": pa.string(), "kind": pa.string(), "source_client_id": pa.string(), "record_id": pa.string(),
        "about": pa.string(), "days": pa.int64(), "due_on": pa.date32(), "reason_en": pa.string(),
        "reason_es": pa.string(), "fix_en": pa.string(), "fix_es": pa.string(), "file_token": pa.string(),
        "sheet": pa.string(), "source_row": pa.int64(),
    }  # fmt: skip
    table = pa.table({name: pa.array([getattr(item, name) for item in items], kind) for name, kind in kinds.items()})
    connection.execute("create schema if not exists follow_up")
    connection.register("made", table)
    connection.execute(f"create or replace table {TABLE} as select date '{day.isoformat()}' as as_of_day, * from made")
    connection.unregister("made")
