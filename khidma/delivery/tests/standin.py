"""A stand-in for the providers on one loopback port: FCM with its token address, MSG91, Twilio and Postmark.

It speaks their real shapes (the modules of khidma.delivery.providers say where they are written down), keeps what it
took, and misbehaves when told to: `fail("twilio", "hang")` strikes the next call, with `times=9` the next nine.
"""

import base64
import json
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ANSWERS_AFTER = 1.0
"""Seconds that a hanging call waits: longer than tests let their side wait."""

AUDIENCE = "https://oauth2.googleapis.com/token"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
Answer = tuple[int, Any, dict[str, str]]


class Providers:
    """The stand-in: start it with `with`, point the settings at `url`."""

    def __init__(self) -> None:
        self.taken: dict[str, list[dict[str, Any]]] = {"fcm": [], "msg91": [], "twilio": [], "postmark": []}
        self.tokens_given = 0
        self.meanwhile: Callable[[], None] | None = None
        self._faults: dict[str, deque[str]] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reset(self) -> None:
        for messages in self.taken.values():
            messages.clear()
        self._faults.clear()
        self.meanwhile = None

    def fail(self, who: str, how: str, times: int = 1) -> None:
        """`hang`, `hang_after_taking`, `drop`, an HTTP status, or a name that the provider's own table below knows."""
        self._faults.setdefault(who, deque()).extend([how] * times)

    def credentials(self) -> dict[str, str]:
        """A service account's key, as Google's console gives it."""
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": "khidma-test",
            "private_key_id": f"key-of-{self.url}",
            "private_key": key.decode(),
            "client_email": "push@khidma-test.iam.gserviceaccount.com",
            "token_uri": f"{self.url}/token",
        }

    def settings(self) -> dict[str, Any]:
        """Django's settings under which the real adapters call this stand-in."""
        return {
            "SMS_PROVIDERS": ["msg91", "twilio"],
            "PUSH_PROVIDER": "fcm",
            "EMAIL_PROVIDER": "mail",
            "MSG91_AUTH_KEY": "msg91-key",
            "MSG91_TEMPLATES": {"login_code.en": "64f0c0ffee", "order_funded.en": "64f0000001"},
            "MSG91_BASE_URL": self.url,
            "TWILIO_ACCOUNT_SID": "AC123",
            "TWILIO_AUTH_TOKEN": "twilio-token",
            "TWILIO_SENDER": "+15005550006",
            "TWILIO_BASE_URL": self.url,
            "FCM_CREDENTIALS": self.credentials(),
            "FCM_BASE_URL": self.url,
            "EMAIL_BACKEND": "anymail.backends.postmark.EmailBackend",
            "ANYMAIL": {
                "POSTMARK_SERVER_TOKEN": "postmark-token",
                "POSTMARK_API_URL": f"{self.url}/",
                "REQUESTS_TIMEOUT": (0.3, 0.3),
            },
        }

    # The providers

    def answer(self, path: str, headers: Any, body: bytes) -> Answer | None:
        """What the provider answers; None for a connection that breaks."""
        act, self.meanwhile = self.meanwhile, None
        if act is not None:  # once, while the caller waits
            act()
        who, respond = self._provider(path)
        how = self._faults[who].popleft() if self._faults.get(who) else ""
        if how == "drop":
            return None
        if how == "hang":
            threading.Event().wait(ANSWERS_AFTER)
            return None
        if how.isdecimal() and len(how) == 3:
            return int(how), "<html>trouble</html>", {"Retry-After": "17"} if how in ("429", "503") else {}
        given: Answer = respond(path, headers, body, how)
        if how == "hang_after_taking":
            threading.Event().wait(ANSWERS_AFTER)
            return None
        return given

    def _provider(self, path: str) -> tuple[str, Any]:
        if path == "/token":
            return "google", self._token
        if path.startswith("/v1/projects/"):
            return "fcm", self._fcm
        if path == "/api/v5/flow":
            return "msg91", self._msg91
        if path.startswith("/2010-04-01/"):
            return "twilio", self._twilio
        return "postmark", self._postmark

    def _token(self, path: str, headers: Any, body: bytes, how: str) -> Answer:
        """RFC 7523: a signed assertion for an access token."""
        form = dict(parse_qsl(body.decode()))
        claims = jwt.decode(form["assertion"], self._key.public_key(), algorithms=["RS256"], audience=AUDIENCE)
        if how == "invalid_grant" or claims["scope"] != "https://www.googleapis.com/auth/firebase.messaging":
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, {}
        self.tokens_given += 1
        return 200, {"access_token": f"access-{self.tokens_given}", "expires_in": 3600, "token_type": "Bearer"}, {}

    def _fcm(self, path: str, headers: Any, body: bytes, how: str) -> Answer:
        if headers["Authorization"] != f"Bearer access-{self.tokens_given}" or how == "UNAUTHENTICATED":
            return _google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        message = json.loads(body)["message"]
        if how == "UNREGISTERED":
            return _google_error(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")
        if how == "INVALID_TOKEN":
            text = "The registration token is not a valid FCM registration token"
            return _google_error(400, "INVALID_ARGUMENT", text, "INVALID_ARGUMENT")
        if how == "INVALID_MESSAGE" or any(not isinstance(value, str) for value in message["data"].values()):
            violation = {"field": "message.data[0].value", "description": "Invalid value (TYPE_STRING), 12"}
            bad = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
            return 400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "Bad", "details": [bad]}}, {}
        if how == "SENDER_ID_MISMATCH":
            return _google_error(403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH")
        if how == "QUOTA_EXCEEDED":
            status, answer, _ = _google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", "QUOTA_EXCEEDED")
            return status, answer, {"Retry-After": "60"}
        self.taken["fcm"].append(message)
        return 200, {"name": f"projects/khidma-test/messages/{len(self.taken['fcm'])}"}, {}

    def _msg91(self, path: str, headers: Any, body: bytes, how: str) -> Answer:
        if headers["authkey"] != "msg91-key":
            return 401, {"status": "fail", "hasError": True, "errors": "Unauthorized"}, {}
        sent = json.loads(body)
        if how == "error":
            return 400, {"type": "error", "message": "template id missing"}, {}
        self.taken["msg91"].append({"template_id": sent["template_id"], **sent["recipients"][0]})
        return 200, {"type": "success", "message": f"5762846b4f8d285d378b{len(self.taken['msg91']):04d}"}, {}

    def _twilio(self, path: str, headers: Any, body: bytes, how: str) -> Answer:
        known = base64.b64encode(b"AC123:twilio-token").decode()
        if headers["Authorization"] != f"Basic {known}":
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}, {}
        form = dict(parse_qsl(body.decode()))
        if how == "21211":
            text = f"The 'To' number {form['To']} is not a valid phone number."
            return 400, {"code": 21211, "message": text, "more_info": "…/21211", "status": 400}, {}
        self.taken["twilio"].append(form)
        sid = f"SM{len(self.taken['twilio']):032d}"
        return 201, {"sid": sid, "status": "queued", "error_code": None, "to": form["To"]}, {}

    def _postmark(self, path: str, headers: Any, body: bytes, how: str) -> Answer:
        message = json.loads(body)
        if headers["X-Postmark-Server-Token"] != "postmark-token":
            return 401, {"ErrorCode": 10, "Message": "Bad or missing server API token."}, {}
        if how == "inactive":
            text = f"Found inactive addresses: {message['To']}.\nInactive recipients are ones that have bounced."
            return 422, {"ErrorCode": 406, "Message": text}, {}
        self.taken["postmark"].append(message)
        return 200, {"To": message["To"], "MessageID": "b7bc2f4a", "ErrorCode": 0, "Message": "OK"}, {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        providers = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = providers.answer(self.path, self.headers, body)
                self.close_connection = True
                if answer is None:
                    return
                status, given, headers = answer
                content = given.encode() if isinstance(given, str) else json.dumps(given).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), "Connection": "close", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def _google_error(code: int, status: str, message: str, fcm_code: str = "") -> Answer:
    details = [{"@type": FCM_ERROR, "errorCode": fcm_code}] if fcm_code else []
    return code, {"error": {"code": code, "message": message, "status": status, "details": details}}, {}
