"""Deliberate faults that more than one proof of crashes must find."""

from verify.proof import Break

RENEWED_KEY = Break(
    path="payments/services/attempts.py",
    old="    if attempt is None:\n        attempt = GatewayAttempt.objects.create("
    "subject_id=subject_id, operation=operation, key=key, body=body)",
    new='    GatewayAttempt.objects.filter(subject_id=subject_id, operation=operation).update(status="refused")\n'
    '    key = __import__("uuid").uuid4()\n'
    "    attempt = GatewayAttempt.objects.create(subject_id=subject_id, operation=operation, key=key, body=body)",
    because="a call to the gateway is repeated under a new key",
)
