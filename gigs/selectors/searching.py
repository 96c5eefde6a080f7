"""Full-text search: any order of words, misspelt ones mended from the words that gigs use."""

import re

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Cast

from gigs.models import Gig

MOST_WORDS = 12
LONGEST_WORD = 40
MOST_RANKED = 1_000
"""To rank a gig its words must be read; of a very common word only the newest gigs are ranked, the others follow."""

RANK_STEPS = 1_000_000
"""Ranks become whole numbers, so that a cursor can hold one exactly."""

NOT_A_WORD = re.compile(r"[!-/:-@\[-`{-~\s]+")

# Per word: itself if gigs use it; else its start, and the three nearest words by edit distance. Candidates come from
# shared trigrams, and from the same first letter and about the same length, which trigrams miss in short words.
ALTERNATIVES = """
SELECT asked.word,
       EXISTS (SELECT FROM gigs_searchword known WHERE known.word = asked.word),
       ARRAY(
           SELECT near.word FROM (
               SELECT word FROM gigs_searchword WHERE word %% asked.word
               UNION
               SELECT word FROM gigs_searchword
               WHERE left(word, 1) = left(asked.word, 1)
                   AND length(word) BETWEEN length(asked.word) - 2 AND length(asked.word) + 2
           ) near
           WHERE levenshtein_less_equal(near.word, asked.word, asked.tolerance) <= asked.tolerance
           ORDER BY levenshtein(near.word, asked.word), similarity(near.word, asked.word) DESC, near.word LIMIT 3
       )
FROM (
    SELECT word, place, width_bucket(length(word), ARRAY[3, 5, 9]) AS tolerance
    FROM unnest(%s::text[]) WITH ORDINALITY AS given(word, place)
) asked
WHERE to_tsvector('english', asked.word) <> ''
ORDER BY asked.place
"""


def words_of(text: str) -> list[str]:
    """The words of a text as the search reads them, each once."""
    words = (word[:LONGEST_WORD] for word in NOT_A_WORD.split(text.lower()) if word)
    return list(dict.fromkeys(words))[:MOST_WORDS]


def search(gigs: QuerySet[Gig], text: str) -> QuerySet[Gig]:
    """Those of the gigs that hold every word of the text, else those that hold any, each with its `relevance`."""
    terms = [_term(word, is_known, similar) for word, is_known, similar in _understand(words_of(text))]
    if not terms:
        return gigs.none().annotate(relevance=Value(0))
    query = _query(" & ".join(terms))
    if len(terms) > 1 and not gigs.filter(search_document=query).exists():
        query = _query(" | ".join(terms))
    hits = gigs.filter(search_document=query)
    newest = hits.order_by("-created_at").values("pk")[:MOST_RANKED]
    rank = Cast(SearchRank(F("search_document"), query) * RANK_STEPS, IntegerField())
    return hits.annotate(relevance=Case(When(pk__in=newest, then=rank), default=Value(0)))


def _query(text: str) -> SearchQuery:
    return SearchQuery(text, config="english", search_type="raw")


def _understand(words: list[str]) -> list[tuple[str, bool, list[str]]]:
    """Each word that is no stop word: whether gigs use it, and which ones it may have meant."""
    with connection.cursor() as cursor:
        cursor.execute(ALTERNATIVES, [words])
        return list(cursor.fetchall())


def _term(word: str, is_known: bool, similar: list[str]) -> str:
    """One word in tsquery's language; words hold no punctuation, so quoting is all it takes."""
    if is_known:
        return f"'{word}'"
    return "(" + " | ".join([f"'{word}':*", *(f"'{other}'" for other in similar)]) + ")"
