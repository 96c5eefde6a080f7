"""Invoices and receipts of an order as PDF."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse

from khidma.http.views import ApiView, operation
from orders import selectors
from payments.documents.printing import print_invoices
from payments.selectors import invoices_for


class OrderInvoice(ApiView):
    @operation(access="user", produces="application/pdf")
    def get(self, request: Any, order_id: UUID) -> HttpResponse:
        """The caller's documents: the client's receipts, the doer's invoices for the commission, and credit notes.

        They are issued when the money is released or sent back; before that there are none (404).
        """
        order = selectors.get_order_for(request.user, order_id)
        invoices = invoices_for(request.user, [order.pk])
        name = "-".join(part for part in invoices[0].number.split("/"))
        return HttpResponse(
            print_invoices(invoices),
            content_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "private, no-store"},
        )
