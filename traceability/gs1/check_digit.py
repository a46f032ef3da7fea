"""The last digit of a barcode that tells whether the others were read or typed right.

>>> check_digit("950600013435")
2
>>> is_checked("9506000134352")
True
"""

from traceability.errors import InvalidIdentifier

_PAIR_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PAIR_VALUES = {
    character: value
    for value, character in enumerate(
        "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    )
}
_PAIR_LENGTH_MAX = 97


def _primes(count: int) -> tuple[int, ...]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return tuple(found)


# Prime weights from the right. A model number has 23 characters before its pair, hence the primes
# up to 83 in the standard; the rule itself goes on.
_PAIR_WEIGHTS = _primes(_PAIR_LENGTH_MAX)


def _weighted(number: int) -> int:
    """Return the weighted sum of a number's digits: 3 for the last digit, 1 before it, 3 …."""
    total = 0
    weight = 3
    while number:
        number, digit = divmod(number, 10)
        total += weight * digit
        weight = 4 - weight
    return total


# Four digits at a time: a group of four keeps the rhythm 3, 1, 3, 1, so sums of groups add up.
GROUP_SUMS = tuple(_weighted(number) for number in range(10_000))
"""Weighted digit sum (3 for the last digit) of every number below 10,000."""


def check_digit(digits: str) -> int:
    """Compute the GS1 mod-10 check digit.

    Args:
        digits: 1 to 17 decimal digits, most significant first, without the check digit.

    Raises:
        InvalidIdentifier: If a character is not a decimal digit, or there are none or too many.

    Source: GS1 General Specifications, section 7.9.1.

    >>> check_digit("950110153100")
    0
    """
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 17):
        position = next((i for i, c in enumerate(digits) if c not in "0123456789"), len(digits))
        raise InvalidIdentifier(
            f"Cannot compute a check digit of {digits!r}: expected 1 to 17 decimal digits.",
            position,
        )
    number = int(digits)
    total = 0
    while number:
        number, group = divmod(number, 10_000)
        total += GROUP_SUMS[group]
    return -total % 10


def is_checked(digits: str) -> bool:
    """Tell whether the last of these decimal digits is the check digit of the others.

    >>> is_checked("9506000134353")
    False
    """
    return check_digit(digits[:-1]) == int(digits[-1])


def check_pair(text: str) -> str:
    """Compute the two check characters that end a Global Model Number.

    Args:
        text: 1 to 97 characters of the 82-character set, without the pair; a model number has 23
            at most.

    Raises:
        InvalidIdentifier: If a character is outside the set, or there are none or too many.

    Source: GS1 General Specifications, section 7.9.5.

    >>> check_pair("1987654Ad4X4bL5ttr2310c")
    '2K'
    """
    if not 1 <= len(text) <= len(_PAIR_WEIGHTS):
        raise InvalidIdentifier(
            f"Cannot compute a check pair of {text!r}: expected 1 to {len(_PAIR_WEIGHTS)} "
            f"characters, got {len(text)}."
        )
    total = 0
    for place, character in enumerate(reversed(text)):
        if character not in _PAIR_VALUES:
            raise InvalidIdentifier(
                f"Cannot compute a check pair of {text!r}: {character!r} is outside the "
                "82-character set.",
                len(text) - 1 - place,
            )
        total += _PAIR_VALUES[character] * _PAIR_WEIGHTS[place]
    total %= 1021
    return _PAIR_ALPHABET[total >> 5] + _PAIR_ALPHABET[total & 31]
