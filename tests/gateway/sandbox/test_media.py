"""The pictures that the sandbox names are there, and are of kinds that the gateway takes."""

import io

from PIL import Image, ImageSequence

from gateway.providers.media_bytes import kept_of
from gateway.providers.models import MediaKind, MediaType
from tests.gateway.sandbox.conftest import Sandbox


def test_every_picture_that_is_named_is_there_and_is_one_that_is_taken(sandbox: Sandbox) -> None:
    asked = {"label": "a", "currency_code[]": ["INR", "BDT", "PKR", "KES", "CRC"]}
    offered = sandbox.get("/api/v1/payment-systems/available", **asked)["params"]["wallets"]
    hints = sandbox.client.get("/wallet-type/images/").json()["data"]
    assert len(offered) > 10
    assert len(hints) > 10
    logos = {sandbox.client.get(one["logo"]).content for one in offered}
    assert len(logos) == len(offered)
    assert {isinstance(kept_of(one, MediaKind.LOGO), tuple) for one in logos} == {True}
    for one in hints.values():
        answer = sandbox.client.get(one["url"])
        assert answer.headers["content-type"] == "image/gif"
        assert kept_of(answer.content, MediaKind.HINT) == (answer.content, MediaType.GIF)
        picture = Image.open(io.BytesIO(answer.content))
        frames = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(picture)]
        assert (picture.size, len(set(frames))) == ((120, 160), 3)
