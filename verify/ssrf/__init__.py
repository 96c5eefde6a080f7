"""Proof `ssrf`: whatever address is subscribed, and wherever its name leads later, we connect to nothing inside."""

from verify.proof import Break, Proof, Run

ADDRESSES = "notifications/providers/receivers/addresses.py"
CALLING = "notifications/providers/receivers/calling.py"


def prove(run: Run) -> None:
    """Subscribe every address, plant those that were refused, and deliver to all of them with a trap listening."""
    from verify.inside import inside

    with inside(settings={"KHIDMA_PROCESS": "worker"}):
        from verify.ssrf.playing import Play

        with Play(run) as play:
            play.subscribe()
            play.deliver()
            play.redirect()
            play.reach_the_honest()


PROOF = Proof(
    name="ssrf",
    sizes={"ci": {}, "full": {}},
    prove=prove,
    controls=[
        Break(
            path=ADDRESSES,
            old="    if not receiver.is_near:\n        for address in found:\n            require_public(address)\n",
            new="",
            because="what a name leads to is not looked at",
        ),
        Break(
            path=ADDRESSES,
            old="        for address in found:\n",
            new="        for address in found[:1]:\n",
            because="only the first address of a name is looked at",
        ),
        Break(
            path=CALLING,
            old="return await self._first_of([str(address) for address in addresses], port)",
            new="return await self._first_of([self.receiver.host], port) if addresses else None",
            because="the name is asked for again after the check",
        ),
        Break(
            path=ADDRESSES,
            old='GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")',
            new='GLOBAL_IPV6 = ipaddress.IPv6Network("::/0")',
            because="IPv6 is judged by Python's is_global",
        ),
        Break(
            path=ADDRESSES,
            old="    return is_ordinary and not any(address in network for network in NEVER)",
            new="    return is_ordinary",
            because="the list of networks that Python lets through is not looked at",
        ),
        Break(
            path=ADDRESSES,
            old='        is_near=f"{host}:{port}" in settings.KHIDMA_NEAR_RECEIVERS,',
            new='        is_near=host in {near.split(":")[0] for near in settings.KHIDMA_NEAR_RECEIVERS},',
            because="a receiver of tests opens every port beside it",
        ),
        Break(
            path="notifications/services/webhooks/subscribing.py",
            old="        async_to_sync(_look_up)(url)\n",
            new="        receiver_of(url)\n",
            because="names are not asked for when somebody subscribes",
        ),
        Break(
            path=CALLING,
            old="            status = await _status_of(receiver_of(url), body, headers)\n",
            new="            await resolve(receiver_of(url))\n"
            "            import httpx\n"
            "            try:\n"
            "                async with httpx.AsyncClient(follow_redirects=True, verify=False) as client:\n"
            "                    status = (await client.post(url, content=body, headers=dict(headers))).status_code\n"
            "            except httpx.HTTPError as error:\n"
            "                raise OSError from error\n",
            because="an ordinary client follows redirects and proxies",
        ),
    ],
)
