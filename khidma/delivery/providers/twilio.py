"""Twilio's Messages resource (twilio.com/docs/messaging/api/message-resource).

Twilio knows no key that would make a repeated call one message.
"""

from django.conf import settings

from khidma.delivery.errors import NotDeliverable
from khidma.delivery.providers import Sms
from khidma.delivery.providers.calling import answer_of, call, not_now


class Twilio:
    name = "twilio"

    def send(self, sms: Sms) -> str:
        account = settings.TWILIO_ACCOUNT_SID
        sender = "MessagingServiceSid" if settings.TWILIO_SENDER.startswith("MG") else "From"
        response = call(
            "POST",
            f"{settings.TWILIO_BASE_URL}/2010-04-01/Accounts/{account}/Messages.json",
            auth=(account, settings.TWILIO_AUTH_TOKEN),
            data={"To": sms.to, sender: settings.TWILIO_SENDER, "Body": sms.body},
        )
        answer = answer_of(response)
        if response.status_code == 201 and answer.get("sid"):
            return str(answer["sid"])
        reason = f"{answer.get('code', '')} {answer.get('message', '')}".strip()[:200]
        if response.status_code == 400 and answer.get("code"):  # such as 21211: no such number; 21610: has opted out
            raise NotDeliverable(f"Twilio {reason}")
        raise not_now(response, reason)
