"""No network inside a transaction."""

import socket

import pytest
from django.db import transaction

from khidma.kernel.network import NetworkInTransaction, forbid_in_transaction, guarded_sockets


@pytest.mark.django_db
def test_a_call_outside_a_transaction_is_allowed() -> None:
    forbid_in_transaction()


@pytest.mark.django_db
def test_a_call_inside_a_transaction_raises() -> None:
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        forbid_in_transaction()


@pytest.mark.django_db
def test_a_socket_inside_a_transaction_raises() -> None:
    with guarded_sockets(), transaction.atomic(), socket.socket() as plug, pytest.raises(NetworkInTransaction):
        plug.connect(("127.0.0.1", 9))
