"""The attack: a trap that counts who connects, a resolver that says what we want, and every address twice."""

import ipaddress
import logging
import os
import socket
import threading
from collections import Counter
from typing import Any, Self

from django.conf import settings

from accounts.models import User
from accounts.tests.factories import make_client
from khidma.kernel.clock import now
from khidma.tests.client import JsonClient
from notifications.models import WebhookDelivery, WebhookEvent, WebhookSubscription
from notifications.services import webhooks
from notifications.services.webhooks import sending
from notifications.tests.receivers import receiving
from verify.proof import Run
from verify.ssrf import vectors

SUBSCRIPTIONS = "/api/webhooks/subscriptions"
REDIRECTS = (300, 301, 302, 303, 305, 307, 308)


class Trap:
    """Listens on one port of every address of this machine, and counts."""

    def __init__(self) -> None:
        self.caught: list[str] = []
        self.sockets = [socket.create_server(("0.0.0.0", 0))]  # noqa: S104 - a trap wants to be found
        self.port: int = self.sockets[0].getsockname()[1]
        self.sockets.append(socket.create_server(("::", self.port), family=socket.AF_INET6))
        for one in self.sockets:
            threading.Thread(target=self._listen, args=(one,), daemon=True).start()

    def _listen(self, listening: socket.socket) -> None:
        while True:
            try:
                caught, peer = listening.accept()
            except OSError:  # closed
                return
            self.caught.append(f"{caught.getsockname()[0]} from {peer[0]}")
            caught.close()

    def close(self) -> None:
        for one in self.sockets:
            one.close()


class Resolver:
    """Stands where the system's own would: scripted names answer as they were told, numbers are read by the system."""

    def __init__(self, names: list[vectors.Name]) -> None:
        self.answers = {name.name: list(name.answers) for name in names}
        self.asked: Counter[str] = Counter()
        self.real = socket.getaddrinfo

    def __call__(self, host: Any, port: Any, *more: Any, **named: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name in self.answers:
            self.asked[name] += 1
            listed = self.answers[name]
            addresses = listed.pop(0) if len(listed) > 1 else listed[0]
            return [_answer(address, int(port)) for address in addresses]
        if name.endswith("example.com"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return self.real(host, port, *more, **named)


def _answer(address: str, port: int) -> tuple[Any, ...]:
    is_four = ipaddress.ip_address(address).version == 4
    place = (address, port) if is_four else (address, port, 0, 0)
    return (socket.AF_INET if is_four else socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)


class Play:
    """One run of the attack."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.names = vectors.names()

    def __enter__(self) -> Self:
        self.trap, self.resolver = Trap(), Resolver(self.names)
        socket.getaddrinfo = self.resolver
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            os.environ[name] = os.environ[name.lower()] = f"http://127.0.0.1:{self.trap.port}"
        logging.disable(logging.CRITICAL)
        sending.LINGER_SECONDS = 0.0
        self.user: User = make_client()
        self.api = JsonClient(self.user)
        # Tests let one receiver in; its neighbours stay out.
        settings.KHIDMA_NEAR_RECEIVERS = ["127.0.0.1:9"]
        return self

    def __exit__(self, *_: object) -> None:
        socket.getaddrinfo = self.resolver.real
        self.trap.close()

    def url_of(self, name: vectors.Name) -> str:
        return f"https://{name.name}:{self.trap.port}/hook"

    def subscribe(self) -> None:
        """What leads inside is refused with its field named; what does not yet lead there is taken."""
        literal = vectors.urls(self.trap.port)
        asked = [(url, True) for url in literal] + [(self.url_of(name), name.at_once) for name in self.names]
        for url, is_refused in asked:
            answer = self.api.post(SUBSCRIPTIONS, {"url": url, "events": ["order.funded"]})
            said = answer.json()
            if answer.status_code == 201:
                self.api.delete(f"{SUBSCRIPTIONS}/{said['data']['id']}")
            wanted = 400 if is_refused else 201
            if answer.status_code != wanted or (is_refused and list(said["error"]["details"]) != ["url"]):
                self.run.violation(f"subscribing {url!r} answered {answer.status_code} and not {wanted}")
        self._look("subscribing")
        self.run.figure("addresses", len(asked))
        self.run.figure("refused when subscribed", sum(refused for _, refused in asked))

    def deliver(self) -> None:
        """The same, planted past the check of subscribing: each is refused where it would be connected to."""
        addresses = [*vectors.urls(self.trap.port), *map(self.url_of, self.names)]
        planted = {url: self._plant(url) for url in addresses}
        webhooks.send_due()
        twice = {self.url_of(name) for name in self.names if name.name.startswith("twice")}
        for url, delivery in planted.items():
            stored = WebhookDelivery.objects.get(pk=delivery.pk)
            allowed = {"refused_address"} | ({"unreachable", "timeout"} if url in twice else set())
            if not stored.attempts or stored.failure not in allowed or stored.response_status is not None:
                self.run.violation(f"delivering to {url!r} ended as {stored.failure or 'a success'}")
        for name in self.names:
            delivery = WebhookDelivery.objects.get(pk=planted[self.url_of(name)].pk)
            if self.resolver.asked[name.name] != 1 + delivery.attempts:
                self.run.violation(f"{name.name} was not asked for once by subscribing and once by each attempt")
        WebhookSubscription.objects.update(active=False)
        self._look("delivering")
        self.run.figure("refused when delivered to", len(addresses) - len(twice))

    def _plant(self, url: str) -> WebhookDelivery:
        subscription = WebhookSubscription.objects.create(
            user=self.user, url="https://hooks.example.com/", events=[WebhookEvent.ORDER_FUNDED]
        )
        delivery = webhooks.send_test(subscription=subscription)
        WebhookSubscription.objects.filter(pk=subscription.pk).update(url=url)
        return delivery

    def redirect(self) -> None:
        """A receiver that is let in sends us on to the trap: nobody follows."""
        inside = [
            f"http://127.0.0.1:{self.trap.port}/",
            f"//127.0.0.1:{self.trap.port}/",
            f"https://[::1]:{self.trap.port}/",
        ]
        tried = 0
        for status in REDIRECTS:
            for location in inside:
                with receiving(status=status, headers={"Location": location}) as server:
                    settings.KHIDMA_NEAR_RECEIVERS = [server.place]
                    delivery = self._plant(server.url)
                    webhooks.send_due()
                stored = WebhookDelivery.objects.get(pk=delivery.pk)
                tried += 1
                if (stored.response_status, stored.failure) != (status, "answer"):
                    self.run.violation(f"{status} to {location} ended as {stored.response_status} {stored.failure}")
        self._look("redirects")
        self.run.figure("redirects", tried)

    def reach_the_honest(self) -> None:
        """All of that would be easy for somebody who never sends: a receiver that may be reached is."""
        with receiving() as server:
            settings.KHIDMA_NEAR_RECEIVERS = [server.place]
            delivery = self._plant(server.url)
            webhooks.send_due()
        stored = WebhookDelivery.objects.get(pk=delivery.pk)
        if len(server.messages) != 1 or stored.status != "delivered":
            self.run.violation(f"the receiver that may be reached got {len(server.messages)} messages")
        before = len(self.trap.caught)
        with socket.create_connection(("127.0.0.1", self.trap.port), timeout=5) as calling:
            calling.recv(1)
        if len(self.trap.caught) != before + 1:
            self.run.violation("the trap does not count")
        self.run.figure("caught in the trap", before)
        self.run.figure("deliveries", WebhookDelivery.objects.filter(created_at__lte=now()).count())

    def _look(self, when: str) -> None:
        for one in self.trap.caught:
            self.run.violation(f"{when}: somebody connected to {one}")
