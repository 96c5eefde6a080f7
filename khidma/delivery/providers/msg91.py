"""MSG91's Flow API (docs.msg91.com, "Send SMS"): India's rules let only texts through that were registered (DLT).

So no text is sent here but the id of a registered template, and the values that stand in it by name, each at most 30
characters as the registry allows. MSG91 knows no key that would make a repeated call one message.
"""

from django.conf import settings

from khidma.delivery.errors import NotDeliverable
from khidma.delivery.providers import Sms
from khidma.delivery.providers.calling import answer_of, call, not_now

LONGEST_VALUE = 30


class Msg91:
    name = "msg91"

    def send(self, sms: Sms) -> str:
        template_id = settings.MSG91_TEMPLATES.get(f"{sms.template}.{sms.language}")
        if template_id is None:
            raise NotDeliverable(f"MSG91 has no template {sms.template}.{sms.language}")
        response = call(
            "POST",
            f"{settings.MSG91_BASE_URL}/api/v5/flow",
            headers={"authkey": settings.MSG91_AUTH_KEY},
            json={
                "template_id": template_id,
                "short_url": "0",
                "recipients": [{"mobiles": sms.to.lstrip("+"), **_shortened(sms.values)}],
            },
        )
        answer = answer_of(response)
        if response.is_success and answer.get("type") == "success":
            return str(answer.get("message", ""))
        # Its refusals do not say whether the number, our account or its operator is at fault: all may pass.
        raise not_now(response, str(answer.get("message", ""))[:200])


def _shortened(values: dict[str, str]) -> dict[str, str]:
    return {name: value if len(value) <= LONGEST_VALUE else f"{value[:29]}…" for name, value in values.items()}
