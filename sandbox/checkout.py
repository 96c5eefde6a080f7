"""The pages for a person: the latest orders, and one to pay or fail by hand, without a line of script."""

from collections.abc import Callable
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import payments
from sandbox.errors import Rejected
from sandbox.fields import Body
from sandbox.state import Store

PAGE = Template((Path(__file__).parent / "checkout.html").read_text())
FORM = """<form method="post"><fieldset><legend>Pay with</legend>
<label><input type="radio" name="method" value="upi" checked> UPI</label>
<label><input type="radio" name="method" value="card"> Card</label>
<label><input type="radio" name="method" value="netbanking"> Netbanking</label></fieldset>
<button class="pay" name="outcome" value="success">Pay $amount</button>
<button name="outcome" value="failure">Let it fail</button>
<button name="outcome" value="pending">Leave it pending</button></form>"""


def routes(store: Callable[[], Store]) -> list[Route]:
    """The page and its form, on the store that is open then."""

    async def show(request: Request) -> Response:
        return _show(store(), request)

    async def front(request: Request) -> Response:
        return _front(store())

    async def answer(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        options = {name: form[name] for name in ("outcome", "method") if name in form}
        order_id = request.path_params["order_id"]
        try:
            with store().transaction():
                result = payments.pay(store(), order_id, options)
        except Rejected:
            return RedirectResponse(f"/checkout/{order_id}", status_code=303)
        return RedirectResponse(f"/checkout/{order_id}?payment={result['razorpay_payment_id']}", status_code=303)

    return [
        Route("/", front, methods=["GET"]),
        Route("/checkout/{order_id}", show, methods=["GET"]),
        Route("/checkout/{order_id}", answer, methods=["POST"]),
    ]


def _front(store: Store) -> Response:
    """The latest orders, each with its page to pay on, for whoever opens the stand-in's address."""
    rows = "".join(
        f'<li><a href="/checkout/{order["id"]}">{rupees(order["amount"])}</a> {order["status"]}'
        f" <small>{escape(order['receipt'] or order['id'])}</small></li>"
        for order in store.find("order", count=20)
    )
    body = f"<ul>{rows}</ul>" if rows else "<p>No order has come in yet.</p>"
    return _page("Stand-in for Razorpay", "The latest orders", body)


def _show(store: Store, request: Request) -> Response:
    try:
        order = store.get("order", request.path_params["order_id"])
        payment_id = request.query_params.get("payment")
        payment = store.get("payment", payment_id) if payment_id else None
    except Rejected:
        return _page("Nothing to pay here", "", "<p>There is no such order.</p>", status=404)
    amount = rupees(order["amount"])
    if payment is not None and payment["order_id"] == order["id"]:
        body = _result(store, payment) + ("" if order["status"] == "paid" else Template(FORM).substitute(amount=amount))
    elif order["status"] == "paid":
        body = '<p class="good">This order is paid.</p>'
    else:
        body = Template(FORM).substitute(amount=amount)
    return _page(amount, order["receipt"] or order["id"], body)


def _page(title: str, subtitle: str, body: str, status: int = 200) -> Response:
    content = PAGE.substitute(title=escape(title), subtitle=escape(subtitle), body=body)
    return HTMLResponse(content, status_code=status, headers={"Cache-Control": "no-store"})


def _result(store: Store, payment: Body) -> str:
    """What became of the try, with the three fields that an app would now send to its server."""
    if payment["status"] == "failed":
        return f'<p class="bad">Payment failed: {escape(str(payment["error_description"]))}</p>'
    words = {"captured": "Paid.", "refunded": "Paid, and given back.", "authorized": "Authorised, not captured."}
    heading = words.get(payment["status"], "Pending: the bank has not answered.")
    fields = {
        "razorpay_order_id": payment["order_id"],
        "razorpay_payment_id": payment["id"],
        "razorpay_signature": payments.signature(store, payment["order_id"], payment["id"]),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in fields.items())
    tone = "good" if payment["captured"] else "wait"
    return f'<p class="{tone}" role="status">{heading}</p><dl>{rows}</dl>'


def rupees(paise: int) -> str:
    """₹ with Indian grouping: 12345600 paise are ₹1,23,456.00."""
    whole, rest = divmod(paise, 100)
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return f"₹{','.join([*groups, tail])}.{rest:02d}"
