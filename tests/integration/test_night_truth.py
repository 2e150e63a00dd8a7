"""Every cell of ``marts.client_study`` after a real night equals a truth computed without any of our SQL."""

from typing import Any

import pytest

from tests.end_to_end.truth import differences, study_rows


@pytest.mark.shared
def test_reference_agency_equals_its_truth(reference_night: Any) -> None:
    assert differences(study_rows(reference_night), reference_night.truth["clients"]) == []


def test_sample_agency_equals_its_truth(night: Any) -> None:
    assert differences(study_rows(night), night.truth["clients"]) == []


def test_the_comparison_sees_a_wrong_cell(night: Any) -> None:
    rows = study_rows(night)
    client = min(rows)
    rows[client]["services_total"] += 1
    assert differences(rows, night.truth["clients"]) == [f"{client}.services_total"]
