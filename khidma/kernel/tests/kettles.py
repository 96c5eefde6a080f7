"""A record with states for the kernel's own tests; its table is made by the test that needs one."""

from typing import ClassVar

from django.db import models

from khidma.kernel.errors import Refused
from khidma.kernel.models import Record
from khidma.kernel.states import StateField, Stateful, StateTable, Transition


class KettleEmpty(Refused):
    code = "kettle_empty"


TABLE = StateTable(
    "kettle",
    [
        Transition("boil", {"cold"}, "hot", actors={"guest"}, refusal=KettleEmpty),
        Transition("boil", {"warm"}, "hot", actors={"guest", "host"}),
        Transition("cool", {"hot"}, "cold"),
    ],
)


class Kettle(Stateful, Record):
    states = TABLE
    status = StateField(default="cold")
    name = models.CharField(max_length=10)
    cups = models.IntegerField(default=0)

    objects: ClassVar[models.Manager["Kettle"]] = models.Manager()

    class Meta:
        app_label = "kernel_tests"
        db_table = "kernel_tests_kettle"
        managed = False

    def __str__(self) -> str:
        return self.name


MAKE_TABLE = """
CREATE {} TABLE kernel_tests_kettle (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT khidma_now(),
    status varchar(30) NOT NULL,
    name varchar(10) NOT NULL,
    cups integer NOT NULL
)
"""
