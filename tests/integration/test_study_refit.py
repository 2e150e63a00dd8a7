"""The study is fitted again when, and only when, what it reads has changed."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from assets.home import Home
from assets.study.assets import _input_hash, _is_current
from assets.warehouse.database import connect


@pytest.fixture
def home(night: Any, tmp_path: Path) -> Home:
    shutil.copytree(night.home / "agency" / "work", tmp_path / "agency" / "work")
    return Home(tmp_path)


def test_only_a_changed_input_asks_for_a_new_fit(home: Home) -> None:
    with connect(home) as connection:
        first = _input_hash(connection, "settings")
        connection.execute("create or replace table control.study_inputs as select ? as input_hash", [first])
        assert _input_hash(connection, "settings") == first
        assert _is_current(connection, first)
        assert not _is_current(connection, _input_hash(connection, "other settings"))
        connection.execute("update marts.client_study set age = age + 1 where client_id ="
                           " (select min(client_id) from marts.client_study where age is not null)")  # fmt: skip
        assert not _is_current(connection, _input_hash(connection, "settings"))


def test_a_lost_table_is_made_again(home: Home) -> None:
    with connect(home) as connection:
        inputs = _input_hash(connection, "settings")
        connection.execute("create or replace table control.study_inputs as select ? as input_hash", [inputs])
        connection.execute("drop table study.normality")
        assert not _is_current(connection, inputs)
