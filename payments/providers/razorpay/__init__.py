"""Razorpay and RazorpayX, through their own SDK."""

import threading

from django.conf import settings

from payments.providers.razorpay.adapter import RazorpayGateway

_of_thread = threading.local()


def razorpay_gateway() -> RazorpayGateway:
    """This thread's connection to Razorpay: sessions are not shared between threads."""
    wanted = (settings.RAZORPAY_BASE_URL, settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET)
    if getattr(_of_thread, "made_for", None) != wanted:
        _of_thread.gateway = RazorpayGateway(base_url=wanted[0], key_id=wanted[1], key_secret=wanted[2])
        _of_thread.made_for = wanted
    found: RazorpayGateway = _of_thread.gateway
    return found
