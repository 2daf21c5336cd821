"""Half of the acceptance tests run on each database, and the other half when asked for."""

from tests.acceptance.choice import KINDS, is_chosen

CASES = [f"tests/acceptance/test_kill_matrix.py::test_killed[{number}]" for number in range(400)]


def kinds(case: str, databases: str) -> list[str]:
    return [kind for kind in KINDS if is_chosen(case, kind, databases)]


def test_every_case_has_one_database_and_another_one_and_both() -> None:
    for case in CASES:
        (one,), (other,) = kinds(case, "one"), kinds(case, "other")
        assert {one, other} == set(kinds(case, "both")) == set(KINDS)


def test_about_half_of_the_cases_have_a_file() -> None:
    assert 160 < sum(is_chosen(case, "sqlite", "one") for case in CASES) < 240
