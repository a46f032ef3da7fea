"""One thing in all its forms is one thing; where two codes on it disagree, both values are said."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.gs1 import Identity, identify
from traceability.gs1.check_digit import check_digit
from traceability.gs1.components import SET_82
from traceability.gs1.epc_bits import encode_bits
from traceability.gs1.epc_schemes import BY_NAME
from traceability.gs1.epc_uri import URI_SCHEMES, format_parts
from traceability.gs1.identity import CANONICAL_HOST, Elements, format_elements, format_link
from traceability.gs1.same import Conflict, Different, Same, SameProduct, compare

GTIN = "09506000134352"
GS = "\x1d"

CHIP = "urn:epc:id:sgtin:9506000.013435.123"
LABEL = f"(01){GTIN}(21)123"


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (CHIP, LABEL, Same(f"/01/{GTIN}/21/123")),
        (CHIP, f"(01){GTIN}(21)123(10)L7", Same(f"/01/{GTIN}/21/123")),
        (CHIP, f"(01){GTIN}(21)0123", Conflict("serial", "123", "0123")),
        (CHIP, f"(01){GTIN}(21)124", Conflict("serial", "123", "124")),
        (CHIP, "(01)09506000134369(21)123", Conflict("product", GTIN, "09506000134369")),
        (CHIP, "(01)04012345678901(21)123", Conflict("company", "9506000", "4012345")),
        (
            "(01)04012345678901(21)123",
            CHIP,
            Conflict("company", "4012345", "9506000"),
        ),
        (CHIP, "9506000134352", SameProduct(f"/01/{GTIN}")),
        ("]E09506000134352", CHIP, SameProduct(f"/01/{GTIN}")),
        (CHIP, "9506000134369", Conflict("product", GTIN, "09506000134369")),
        (CHIP, f"(01){GTIN}(10)L7", SameProduct(f"/01/{GTIN}")),
        (f"{LABEL}(10)L7", f"(01){GTIN}(10)L8", Conflict("lot", "L7", "L8")),
        (f"{LABEL}(10)L7", f"{LABEL}(10)L8", Conflict("lot", "L7", "L8")),
        (f"{LABEL}(17)271231", f"{LABEL}(17)281231", Same(f"/01/{GTIN}/21/123")),
        (f"(01){GTIN}(22)A", f"(01){GTIN}(22)B", Conflict("variant", "A", "B")),
        (f"(01){GTIN}(22)A", f"(01){GTIN}", SameProduct(f"/01/{GTIN}")),
        (f"(8006){GTIN}0102(21)5", f"(01){GTIN}(21)5", SameProduct(f"/01/{GTIN}")),
        (f"(8006){GTIN}0102(21)5", f"(8006){GTIN}0202(21)5", Conflict("piece", "01/02", "02/02")),
        (f"(8006){GTIN}0102(21)5", f"(01){GTIN}(21)6", Conflict("serial", "5", "6")),
        (
            "(00)106141412345678908",
            "(00)106141412345678915",
            Conflict("carton number", "106141412345678908", "106141412345678915"),
        ),
        ("(414)0614141123452(254)7", "(414)0614141123452(254)8", Conflict("spot", "7", "8")),
        (
            "(414)0614141123452(254)7",
            "(414)0614141123452",
            SameProduct("/414/0614141123452"),
        ),
        ("(414)0614141123452(254)0", "(414)0614141123452", Same("/414/0614141123452")),
        ("(8003)00614141123452A", "(8003)00614141123452B", Conflict("serial", "A", "B")),
        ("(8003)00614141123452A", "(8003)00614141123452", SameProduct("/8003/00614141123452")),
        ("(8004)0614141A", "(8004)0614141B", Conflict("asset", "0614141A", "0614141B")),
        (
            "(253)0614141123452A",
            "(253)0614141123452B",
            Conflict("serial", "A", "B"),
        ),
        (CHIP, "(00)106141412345678908", Different("instance", "logistic")),
        (CHIP, "Bundle 17", Different("instance", "local")),
        ("Bundle 17", "]C0Bundle 17", Same("//localhost.workshop.invalid/obj/Bundle 17")),
        ("urn:epc:tag:gid-96:1.2.3", "urn:epc:id:gid:1.2.3", Same("urn:epc:id:gid:1.2.3")),
        (CHIP, "E28011602000759B62D20A5D", Different("instance", "raw")),
        ("(99)1234", "(99)1234", Different("data", "data")),
        (CHIP, "(99)1234", Different("instance", "data")),
    ],
)
def test_two_codes_on_one_thing(a: str, b: str, said: object) -> None:
    assert compare(identify(a), identify(b)) == said


def test_a_conflict_says_both_values() -> None:
    said = compare(identify(CHIP), identify(f"(01){GTIN}(21)124"))
    assert str(said) == "They disagree in the serial: 123 and 124."


# --- any two forms -------------------------------------------------------------------------------

Parts = tuple[str, ...]
digits = st.text("0123456789", min_size=1)
numbers = st.integers(1, 2**38 - 1).map(str)
serials = st.text(SET_82, min_size=1, max_size=20)
companies = st.integers(6, 12).flatmap(lambda n: st.text("123456789", min_size=n, max_size=n))


def _reference(total: int) -> Callable[[str], st.SearchStrategy[Parts]]:
    def draw(company: str) -> st.SearchStrategy[Parts]:
        size = total - len(company)
        return st.text("0123456789", min_size=size, max_size=size).map(lambda it: (company, it))

    return draw


def _with(field: st.SearchStrategy[str]) -> Callable[[Parts], st.SearchStrategy[Parts]]:
    return lambda parts: field.map(lambda it: (*parts, it))


THINGS = st.one_of(
    st.tuples(
        st.just("SGTIN-96"), companies.flatmap(_reference(13)).flatmap(_with(numbers))
    ),
    st.tuples(
        st.just("SGTIN-198"), companies.flatmap(_reference(13)).flatmap(_with(serials))
    ),
    st.tuples(st.just("SSCC-96"), companies.flatmap(_reference(17))),
    st.tuples(
        st.just("SGLN-195"), companies.flatmap(_reference(12)).flatmap(_with(serials))
    ),
    st.tuples(st.just("SGLN-96"), companies.flatmap(_reference(12)).flatmap(_with(numbers))),
    st.tuples(
        st.just("GRAI-170"),
        companies.flatmap(_reference(12)).flatmap(_with(st.text(SET_82, min_size=1, max_size=16))),
    ),
    st.tuples(st.just("GRAI-96"), companies.flatmap(_reference(12)).flatmap(_with(numbers))),
    st.tuples(
        st.just("GIAI-202"),
        companies.flatmap(_with_company := lambda company: st.text(
            SET_82, min_size=1, max_size=18
        ).map(lambda it: (company, it))),
    ),
)  # fmt: skip
"""A garment, a carton, a place, a returnable box, a machine: binary scheme and parts."""


def forms(name: str, parts: Parts, filter_value: int) -> Iterator[str]:
    """Yield every way in which this thing may be written on it."""
    scheme = BY_NAME[name.lower()]
    elements: Elements = URI_SCHEMES[scheme.uri].assemble(parts)
    bits = encode_bits(name, filter_value, parts)
    yield bits.hex().upper()
    yield bits.hex()
    yield format_parts(scheme.uri, parts)
    yield format_parts(name.lower(), parts, form="tag", lead=f"{filter_value}.")
    yield format_elements(elements)
    yield "]C1" + GS.join(ai + value for ai, value in elements)
    yield "]d2" + "".join(ai + value + GS for ai, value in elements).rstrip(GS)
    yield format_link(elements, CANONICAL_HOST)
    yield format_link(elements, "http://brand.example/products/de")
    yield "HTTPS" + format_link(elements, "://BRAND.EXAMPLE")
    yield f"{CANONICAL_HOST}/eh{bits.hex()}"
    yield f"https://a.example/ex{base64.urlsafe_b64encode(bits).decode().rstrip('=')}"


@settings(deadline=None)
@given(THINGS, st.sampled_from([0, 1, 2]))
def test_any_two_forms_of_one_thing_are_the_same(thing: tuple[str, Parts], filter_: int) -> None:
    name, parts = thing
    found: list[Identity] = [identify(text) for text in forms(name, parts, filter_)]
    keys = {one.key for one in found}
    assert len(keys) == 1, keys
    first = found[0]
    assert first.key is not None
    for one in found:
        assert compare(first, one) == compare(one, first) == Same(first.key)


@settings(deadline=None)
@given(THINGS, THINGS)
def test_two_things_are_never_the_same(a: tuple[str, Parts], b: tuple[str, Parts]) -> None:
    one, two = (identify(next(forms(*thing, 0))) for thing in (a, b))
    said, turned = compare(one, two), compare(two, one)
    assert isinstance(said, Same) == (one.key == two.key)
    if isinstance(said, Conflict):
        assert turned == Conflict(said.what, said.b_value, said.a_value)
        assert said.a_value != said.b_value
    else:
        assert type(turned) is type(said)


@settings(deadline=None)
@given(companies.flatmap(_reference(13)), serials)
def test_a_product_beside_its_garment_is_no_conflict(parts: Parts, serial: str) -> None:
    garment = identify(format_parts("sgtin", (*parts, serial)))
    gtin = garment.ais[0][1]
    assert compare(garment, identify(f"]C101{gtin}")) == SameProduct(f"/01/{gtin}")
    wrong = gtin[:-2] + str((int(gtin[-2]) + 1) % 10)
    wrong += str(check_digit(wrong))
    said = compare(garment, identify(f"]C101{wrong}"))
    assert isinstance(said, Conflict)
    assert said.what in ("product", "company")
