"""What each role may do in the database, read from the database itself, table by table."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, connections

from payments.tests.factories import books, make_funded_escrow

NEVER_CHANGED = {
    "payments_transfer",
    "payments_entry",
    "kernel_state_change",
    "kernel_audit_record",
    "payments_return",
}
"""Written once: the app's role may add rows and nothing else."""
WRITTEN_BY_TRIGGERS = {"payments_account", "kernel_clock"}
"""The app's role may not write these at all."""
NEVER_DELETED = {
    "payments_escrow",
    "payments_payment",
    "payments_paymentitem",
    "payments_capture",
    "payments_refund",
    "payments_payout",
    "payments_validation",
    "payments_gatewayattempt",
    "payments_sale",
    "payments_chargeback",
}
HIDDEN = {
    "accounts_onetimecode.code_hash",
    "accounts_operatortotp.secret_sealed",
    "accounts_refreshtoken.token_hash",
    "accounts_user.password",
    "delivery_outboxmessage.body",
    "delivery_outboxmessage.subject",
    "django_session.session_data",
    "django_session.session_key",
    "http_idempotencyrecord.answer",
    "http_idempotencyrecord.fingerprint",
    "media_file.sealed_key",
    "messaging_original.text",
    "notifications_pushtoken.token",
    "notifications_webhookdelivery.body",
    "notifications_webhooksecret.sealed_secret",
    "orders_order.start_code",
    "payments_bankaccount.number_index",
    "payments_bankaccount.sealed_number",
    "payments_invoice.sealed_gstin",
    "payments_taxprofile.sealed_gstin",
}
"""What whoever only reads does not see."""
NO_SECRET: set[str] = set()
"""Columns that are only called like one."""
UNREADABLE = """
SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped
   AND NOT has_column_privilege('khidma_readonly', attrelid, attnum, 'SELECT')
"""
SECRET_BY_NAME = """
SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped
   AND attname ~ '(sealed|hash|secret|password|token$|fingerprint|start_code)'
"""
RIGHTS = """
SELECT relname, privilege FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND has_table_privilege(%s, oid, privilege)
"""
UPDATABLE = """
SELECT count(*) FROM pg_attribute
 WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
   AND has_column_privilege(%s, attrelid, attnum, 'UPDATE')
"""


def rights_of(role: str) -> dict[str, set[str]]:
    """What the role may do with each table that it may do anything with."""
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, [role])
        for table, privilege in cursor.fetchall():
            found.setdefault(table, set()).add(privilege)
    return found


@pytest.mark.django_db
def test_the_readonly_role_reads_and_does_nothing_else() -> None:
    rights = rights_of("khidma_readonly")

    assert {"payments_entry", "payments_escrow", "orders_cancellation"} <= set(rights)
    assert {table: found for table, found in rights.items() if found != {"SELECT"}} == {}


@pytest.mark.django_db
def test_the_readonly_role_sees_no_secret() -> None:
    with connection.cursor() as cursor:
        cursor.execute(UNREADABLE)
        unreadable = {f"{table}.{column}" for table, column in cursor.fetchall()}
        cursor.execute(SECRET_BY_NAME)
        secret = {f"{table}.{column}" for table, column in cursor.fetchall()}

    assert unreadable == HIDDEN
    assert secret - NO_SECRET <= HIDDEN


@pytest.mark.usefixtures("committed_db")
def test_beside_a_secret_everything_is_readable() -> None:
    with connections["readonly"].cursor() as cursor:
        cursor.execute("SELECT id, number_last4, status FROM payments_bankaccount")
        assert cursor.fetchall() == []
        with pytest.raises(DatabaseError, match="permission denied"):
            cursor.execute("SELECT sealed_number FROM payments_bankaccount")


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_account SET balance = 0",
        "DELETE FROM payments_escrow",
        "TRUNCATE payments_entry",
        "CREATE TABLE mine (id int)",
        "SELECT payments_post('k', 'move', NULL, '', '{bank,owner}', '{NULL,NULL}'::uuid[], '{1,-1}', NULL)",
        "SET default_transaction_read_only = off; UPDATE payments_refund SET status = 'processed'",
    ],
)
def test_whoever_reads_changes_nothing(statement: str) -> None:
    make_funded_escrow()
    before = books()

    with pytest.raises(DatabaseError), connections["readonly"].cursor() as cursor:
        cursor.execute(statement)

    assert books() == before


@pytest.mark.django_db
def test_the_app_truncates_nothing_and_owns_no_past() -> None:
    rights = rights_of("khidma_app")

    assert [table for table, found in rights.items() if "TRUNCATE" in found] == []
    assert {table: rights[table] for table in NEVER_CHANGED if rights[table] != {"SELECT", "INSERT"}} == {}
    assert {table: rights[table] for table in WRITTEN_BY_TRIGGERS if rights[table] != {"SELECT"}} == {}
    assert [table for table in NEVER_DELETED if "DELETE" in rights[table]] == []


@pytest.mark.django_db
@pytest.mark.parametrize("table", sorted(NEVER_CHANGED | WRITTEN_BY_TRIGGERS))
def test_no_column_of_the_past_or_of_a_balance_is_the_apps_to_write(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(UPDATABLE, [table, "khidma_app"])
        assert cursor.fetchone() == (0,)


def shown(alias: str, name: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("alias", ["default", "readonly"])
def test_nobody_holds_the_database_up(alias: str) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")

    assert [shown(alias, name) for name in names] == ["5s", "2s", "15s"]
    assert shown(alias, "synchronous_commit") == "on"


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["khidma_app", "khidma_readonly"])
def test_the_limits_stand_on_the_role_too(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolconfig FROM pg_roles WHERE rolname = %s", [role])
        found = set(cursor.fetchone()[0])

    assert {"statement_timeout=5s", "lock_timeout=2s", "idle_in_transaction_session_timeout=15s"} <= found


def test_a_worker_has_a_minute_for_a_statement() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup(); from django.conf import settings;"
            "print(settings.DATABASES['default']['OPTIONS']['options'])",
        ],
        env={**os.environ, "KHIDMA_PROCESS": "worker", "DJANGO_SETTINGS_MODULE": "khidma.settings"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "statement_timeout=60s" in said
    assert "lock_timeout=2s" in said
    assert "idle_in_transaction_session_timeout=15s" in said
