"""Crashes come where they are wanted, and every story that leads to them is told."""

import re

import pytest

from verify.crashing import Crashed, Crashes
from verify.ledger.stories import STORIES, Stories

COMMIT, POSTING = "approve: before commit", "approve > post: before post settle"


def test_who_is_not_eager_dies_only_where_few_have_died_and_at_what_is_aimed_at() -> None:
    crashes = Crashes(each=1)
    with crashes.armed(lambda: 0.0, is_eager=False, aim=re.compile("settle")):
        crashes.at(COMMIT)
        with pytest.raises(Crashed):
            crashes.at(POSTING)
    crashes.revive(lambda _: False)
    assert crashes.wanting() == [COMMIT]
    with crashes.armed(lambda: 0.0, is_eager=False, aim=re.compile("settle")):
        crashes.at(POSTING)
    assert crashes.crashed == {POSTING: 1}


def test_every_story_has_points_that_it_leads_to() -> None:
    told = {name for name in vars(Stories) if not name.startswith("_")} - {"at_once", "tell", "story_of", "TestCase"}
    assert told == set(STORIES)
