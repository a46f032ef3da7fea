"""The key of goods that are only counted: a class, and the place or container that holds them.

>>> class_of("/01/09521141001011@//shop.invalid/loc/table")
'/01/09521141001011'
>>> holder_of("//shop.invalid/class/thread@9@/00/395211410000770134")
'/00/395211410000770134'
>>> class_of("//shop.invalid/obj/G-1@home")
'//shop.invalid/obj/G-1@home'
"""

from __future__ import annotations

import re

# A key begins with a slash or "urn:"; an "@" before anything else is a letter of a local name.
_JOINT = re.compile(r"@(?=/|urn:)")


def holding_key(class_key: str, holder_key: str) -> str:
    """Return the key of what is held of a class at one place or in one container."""
    return f"{class_key}@{holder_key}"


def class_of(key: str) -> str:
    """Return the class of a holding; any other key is its own."""
    return _JOINT.split(key, maxsplit=1)[0]


def holder_of(key: str) -> str | None:
    """Return the place or container of a holding; None for any other key."""
    parts = _JOINT.split(key, maxsplit=1)
    return parts[1] if len(parts) == 2 else None
