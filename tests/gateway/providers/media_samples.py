"""Files as a provider's server has them: small ones of each kind, made by hand."""

import io
from typing import Any

from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42" + bytes(100)
WEBM = b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webmB\x87\x81\x04" + bytes(
    100
)
MATROSKA = b"\x1a\x45\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroskaB\x87\x81\x04" + bytes(100)


def picture(form: str, size: tuple[int, int] = (200, 100), colour: str = "navy", **options: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, form, **options)
    return made.getvalue()


def moving(frames: int = 3) -> bytes:
    made = io.BytesIO()
    first, *others = [Image.new("P", (40, 30), number) for number in range(frames)]
    first.save(made, "GIF", save_all=True, append_images=others, duration=100, loop=0)
    return made.getvalue()
