"""The icon of the browser's tab: 64x64 PNG, inside the code so that no file must be shipped."""

from __future__ import annotations

import base64
import io
from functools import cache

from PIL import Image

_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAABp0lEQVR42u1bW3LCMAx0NLpOp5yoHKH897v/9Ahw"
    "Ijo9UPvRx1BwQmyvzNrWzvATSOLdrCU5FiE4HI6RMZWc/Pj89MlC5P3tOFURgIk0QgzpjXzqOKeeiOe4QXomv2b8"
    "0jP5NTwUfbPT/nB1bLPb0oojyKcfI790nMEFE5z8x8v1lw+v2U5AO+oyKArU9jHyZ8dTnVDDUWJOPlOEf9e9/ABF"
    "EMbIb+WoGD8JZLBylNkUaB0uQOkF/lLST6qbRUEqpHfATRFIyUcLoZIssBSQUsivCoQFop4XQ9AYMDeY1EHWdJQG"
    "Umx2228nzIiAmk7UWQDlKE+DLkCjAtR4j6AjkqYUYA1xi0JKW3rap/0BLoK2QNyyhFbmuV1j7aBs5GsvmGiC4L1W"
    "ijoi6bsLwPReQEckXb0UbnJv0BdDLoAL4AKgKj6G/gDzNHirP8BiJUfjAMvdXHoBau/mehB0AVwAWwFyu65bAbxL"
    "zPsDQmf9Ab9AdoqykI9Nb0n5ce66n5U8tBRmIguLAb1khCUeUnJy6+QXgyAqMLISz0qDrbghZZzD/2/Q4RgcXy0i"
    "2lzQSVlBAAAAAElFTkSuQmCC"
)


@cache
def icon() -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(_PNG)))
