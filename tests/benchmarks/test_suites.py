import pytest

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import missing
from benchmarks.suites import cases_of
from benchmarks.suites import find
from benchmarks.suites import SUITES

CASES = cases_of(SUITES)


def _installed() -> list[object]:
    """Return who can take part; the warnings of peers are not ours to heed."""
    return [
        pytest.param(
            case,
            contestant,
            id=f"{case.title}-{contestant.name}".replace(" ", "_"),
            marks=pytest.mark.filterwarnings("ignore") if contestant.needs else (),
        )
        for case in CASES
        for contestant in case.contestants
        if not missing(contestant)
    ]


@pytest.mark.usefixtures("clean_environ")
@pytest.mark.parametrize(("case", "contestant"), _installed())
def test_contestants_do_the_job(case: Case, contestant: Contestant) -> None:
    """Each gives the right answer and refuses what it has to refuse."""
    subject = contestant.make()
    subject.check()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_names_are_told_apart(case: Case) -> None:
    """Names are keys of a result, and there is one of ours in each case."""
    names = [contestant.name for contestant in case.contestants]

    assert len({*names}) == len(names)
    assert "ours" in {contestant.role for contestant in case.contestants}


def test_titles_are_told_apart() -> None:
    """A target finds its case by the title."""
    assert len({case.title for case in CASES}) == len(CASES)
    assert find("jwt/RS256").title == "jwt/RS256"


def test_an_unknown_suite_is_told() -> None:
    """A typo is answered with what there is."""
    with pytest.raises(SystemExit, match="No suite 'jtw'"):
        cases_of(["jtw"])
