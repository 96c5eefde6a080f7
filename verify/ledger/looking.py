"""The witness of a run: a connection of its own that no crash drops, and that sees only what is committed."""

from typing import Any

import psycopg
from django.db import connection

LOOK = """
SELECT 'order', id::text, status, '', '' FROM orders_order
UNION ALL SELECT 'milestone', id::text, status, '', '' FROM orders_milestone
UNION ALL SELECT 'escrow', reference::text, status, id::text, coalesce(decided_at::text, '')
  FROM payments_escrow
UNION ALL SELECT 'payment', payment.id::text, payment.status, coalesce(payment.gateway_order_id, ''), paid.things
  FROM payments_payment AS payment
  LEFT JOIN (SELECT item.payment_id, string_agg(escrow.reference::text, ' ') AS things
               FROM payments_paymentitem AS item JOIN payments_escrow AS escrow ON escrow.id = item.escrow_id
              GROUP BY item.payment_id) AS paid ON paid.payment_id = payment.id
UNION ALL SELECT 'sale', payment_id::text, status, '', '' FROM payments_sale
UNION ALL SELECT 'capture', id::text, use, gateway_payment_id, '' FROM payments_capture
UNION ALL SELECT 'refund', id::text, status, payment_id::text || ' ' || coalesce(escrow_id::text, ''),
       reason || ' ' || amount || ' ' || way FROM payments_refund
UNION ALL SELECT 'return', id::text, escrow_id::text, amount::text, why FROM payments_return
UNION ALL SELECT 'chargeback', id::text, status, gateway_dispute_id,
       CASE WHEN taken > 0 THEN 'taken ' ELSE 'open ' END || coalesce(ended_at::text, '') FROM payments_chargeback
UNION ALL SELECT 'payout', id::text, status, user_id::text, amount::text FROM payments_payout
UNION ALL SELECT 'validation', id::text, status, '', '' FROM payments_validation
UNION ALL SELECT 'account', kind, coalesce(owner_id::text, ''), balance::text, '' FROM payments_account
 WHERE balance <> 0
"""
DJANGO_ONLY = ("cursor_factory", "context", "prepare_threshold")

Row = tuple[str, str, str, str, str]


class Witness:
    """Looks at one database; every statement is prepared at its first use."""

    def __init__(self) -> None:
        ways = {name: value for name, value in connection.get_connection_params().items() if name not in DJANGO_ONLY}
        self._connection: psycopg.Connection[Any] = psycopg.connect(**ways, autocommit=True, prepare_threshold=0)

    def look(self) -> list[Row]:
        """Every state and every account that is not empty."""
        return self._connection.execute(LOOK).fetchall()

    def is_there(self, backend: int) -> bool:
        """Whether the server still works for this connection."""
        found = self._connection.execute("SELECT 1 FROM pg_stat_get_activity(%s::integer)", [backend])
        return found.fetchone() is not None

    def close(self) -> None:
        """Look no more."""
        self._connection.close()
