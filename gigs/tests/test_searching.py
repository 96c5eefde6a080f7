"""Search: words in any order and anywhere, misspelt or begun, the best first."""

from typing import Any

import pytest

from gigs.selectors.searching import words_of
from gigs.tests.factories import make_category, make_gig

pytestmark = pytest.mark.django_db


@pytest.fixture
def gigs() -> None:
    make_category("photography", name="Photography")
    wedding = "Two days of celebration with three hundred guests."
    make_gig(title="Wedding photographer in Jaipur", description=wedding, category="photography", skills=["Portraits"])
    make_gig(title="Logo design for a bakery", description="We bake bread, and want a friendly drawing for our shop.")
    make_gig(title="Fix our website", description="The design of the checkout page is broken.", skills=["Django"])


def titles(api: Any, search: str, **query: Any) -> list[str]:
    answer = api().get("/api/gigs", {"search": search, **query})
    assert answer.status_code == 200, answer.json()
    return [row["title"] for row in answer.json()["data"]]


@pytest.mark.usefixtures("gigs")
@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("bakery logo", "Logo design for a bakery"),
        ("the Bakery's LOGO", "Logo design for a bakery"),
        ("bread drawing", "Logo design for a bakery"),
        ("designing a logo", "Logo design for a bakery"),
        ("bakrey logo", "Logo design for a bakery"),
        ("lgo desgin", "Logo design for a bakery"),
        ("fotographer jaipur", "Wedding photographer in Jaipur"),
        ("photograper", "Wedding photographer in Jaipur"),
        ("photography portraits", "Wedding photographer in Jaipur"),
        ("potraits", "Wedding photographer in Jaipur"),
        ("djago", "Fix our website"),
        ("webs", "Fix our website"),
        ("checkout", "Fix our website"),
    ],
)
def test_the_gig_that_was_meant_comes_first(api: Any, search: str, expected: str) -> None:
    assert titles(api, search)[:1] == [expected]


@pytest.mark.usefixtures("gigs")
def test_a_word_in_the_title_counts_more_than_one_in_the_text(api: Any) -> None:
    assert titles(api, "design") == ["Logo design for a bakery", "Fix our website"]
    assert titles(api, "design", sortBy="relevance", sortOrder="asc") == ["Fix our website", "Logo design for a bakery"]


@pytest.mark.usefixtures("gigs")
def test_if_no_gig_has_every_word_any_word_will_do(api: Any) -> None:
    assert sorted(titles(api, "jaipur bakery")) == ["Logo design for a bakery", "Wedding photographer in Jaipur"]


@pytest.mark.usefixtures("gigs")
@pytest.mark.parametrize("search", ["zzzzzz", "the of and", "!!! ... '", "\\", "':* | (", "🙂", "क"])
def test_nonsense_finds_nothing_and_breaks_nothing(api: Any, search: str) -> None:
    assert titles(api, search) == []


@pytest.mark.usefixtures("gigs")
def test_a_search_obeys_the_filters(api: Any) -> None:
    assert titles(api, "design", skills="django") == ["Fix our website"]


def test_hindi_words_are_found(api: Any) -> None:
    make_gig(title="बेकरी के लिए लोगो")
    assert titles(api, "लोगो") == ["बेकरी के लिए लोगो"]


def test_words_are_split_at_punctuation_each_once_and_not_too_many() -> None:
    assert words_of("Node.js, node & C++!") == ["node", "js", "c"]
    assert len(words_of(" ".join(f"w{number}" for number in range(99)))) == 12
