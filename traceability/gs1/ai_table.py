"""What each number in brackets on a label means: its format, its companions, its place in a link.

A row is ``(AI or range, flags, format, needs, forbids, path)``:

* flags: ``F`` fixed length, no separator follows; ``L`` may stand in a Digital Link's query.
* format: parts apart by blanks. ``N14`` 14 digits, ``X..20`` 1 to 20 characters of the 82-set,
  ``Y`` the 39-set, ``Z`` base64url; a trailing ``?`` makes a part optional; ``/name`` is a check
  from `traceability.gs1.components`.
* needs: one of these groups must be on the same thing; ``+`` joins a group; ``n`` is any digit.
* forbids: none of these may be on the same thing.
* path: ``-`` for no Digital Link key, else the qualifiers in their order, ``|`` between
  alternatives, empty for a key without any.

Facts: GS1 General Specifications, section 3, as spelled by the GS1 Barcode Syntax Dictionary.

>>> ROWS[1][:3]
('01', 'FL', 'N14/check/prefix2')
"""

Row = tuple[str, str, str, str, str, str]

_TRADE = "01 02 03 8006 8026"
_GLN = "N13/check/prefix1"
_SCORE = "N18/check/prefix1"
_TEXT_70 = "X..70/percent"
_TEXT_35 = "X..35/percent"
_COUNTRIES = "N3/country " + " ".join(["N3/country?"] * 4)

_GENERAL: tuple[Row, ...] = (
    ("00", "FL", "N18/check/prefix2", "", "", ""),
    ("01", "FL", "N14/check/prefix2", "", "255 37", "22 10 21|235"),
    ("02", "FL", "N14/check/prefix2", "37", "01 03", "-"),
    ("03", "F", "N14/check/prefix2", "", "01 02 37 235", "-"),
    ("10", "L", "X..20", _TRADE, "", "-"),
    ("11", "FL", "N6/date0", _TRADE, "", "-"),
    ("12", "FL", "N6/date0", "8020", "", "-"),
    ("13", "FL", "N6/date0", _TRADE, "", "-"),
    ("15", "FL", "N6/date0", _TRADE, "", "-"),
    ("16", "FL", "N6/date0", _TRADE, "", "-"),
    ("17", "FL", "N6/date0", "01 02 03 255 8006 8026", "", "-"),
    ("20", "FL", "N2", _TRADE, "", "-"),
    ("21", "", "X..20", "01 03 8006", "235", "-"),
    ("22", "", "X..20", "01", "", "-"),
    ("235", "", "X..28", "01", "", "-"),
    ("240", "L", "X..30", _TRADE, "", "-"),
    ("241", "L", "X..30", _TRADE, "", "-"),
    ("242", "L", "N..6", "01 02 8006 8026", "", "-"),
    ("243", "L", "X..20", "01 03", "", "-"),
    ("250", "L", "X..30", "01+21 03+21 8006+21", "", "-"),
    ("251", "L", "X..30", "01 03 8006", "", "-"),
    ("253", "L", "N13/check/prefix1 X..17?", "", "", ""),
    ("254", "", "X..20", "414", "", "-"),
    ("255", "L", "N13/check/prefix1 N..12?", "", "01 02 415 8006 8020 8026", ""),
    ("30", "L", "N..8", "01 02", "", "-"),
    ("37", "L", "N..8", "00+02 00+8026", "", "-"),
    ("3900-3909", "L", "N..15", "255 8020", "390n 391n 394n 8111", "-"),
    ("3910-3919", "L", "N3/currency N..15", "8020", "391n", "-"),
    ("3920-3929", "L", "N..15", "01+30 01+31nn 01+32nn 01+35nn 01+36nn", "392n 393n", "-"),
    ("3930-3939", "L", "N3/currency N..15", "30 31nn 32nn 35nn 36nn", "393n", "-"),
    ("3940-3943", "L", "N4", "255", "394n 8111", "-"),
    ("3950-3955", "L", "N6", "30 31nn 32nn 35nn 36nn", "392n 393n 395n 8005", "-"),
)

_PLACES: tuple[Row, ...] = (
    ("400", "L", "X..30", "", "", "-"),
    ("401", "L", "X..30/prefix1", "", "", ""),
    ("402", "L", "N17/check/prefix1", "", "", ""),
    ("403", "L", "X..30", "00", "", "-"),
    ("410", "FL", _GLN, "", "", "-"),
    ("411", "FL", _GLN, "", "", "-"),
    ("412", "FL", _GLN, "", "", "-"),
    ("413", "FL", _GLN, "", "", "-"),
    ("414", "FL", _GLN, "", "", "254|7040"),
    ("415", "FL", _GLN, "8020", "", "8020"),
    ("416", "FL", _GLN, "", "", "-"),
    ("417", "FL", _GLN, "", "", "7040"),
    ("420", "L", "X..20", "", "421", "-"),
    ("421", "L", "N3/country X..9", "", "4307", "-"),
    ("422", "L", "N3/country", _TRADE, "426", "-"),
    ("423", "L", _COUNTRIES, "01 02 03", "426", "-"),
    ("424", "L", "N3/country", "01 02 03", "426", "-"),
    ("425", "L", _COUNTRIES, "01 02 03", "426", "-"),
    ("426", "L", "N3/country", "01 02 03", "", "-"),
    ("427", "L", "X..3", "01+422 02+422 03+422", "", "-"),
    ("4300-4301", "L", _TEXT_35, "00", "", "-"),
    ("4302", "L", _TEXT_70, "00", "", "-"),
    ("4303", "L", _TEXT_70, "4302", "", "-"),
    ("4304-4306", "L", _TEXT_70, "00", "", "-"),
    ("4307", "L", "X2/country2", "00", "", "-"),
    ("4308", "L", "X..30", "00", "", "-"),
    ("4309", "L", "N10/latitude N10/longitude", "00", "", "-"),
    ("4310-4311", "L", _TEXT_35, "00", "", "-"),
    ("4312", "L", _TEXT_70, "00", "", "-"),
    ("4313", "L", _TEXT_70, "4312", "", "-"),
    ("4314-4316", "L", _TEXT_70, "00", "", "-"),
    ("4317", "L", "X2/country2", "00", "", "-"),
    ("4318", "L", "X..20", "00", "", "-"),
    ("4319", "L", "X..30", "00", "", "-"),
    ("4320", "L", _TEXT_35, "00", "", "-"),
    ("4321-4323", "L", "N1/yesno", "00", "", "-"),
    ("4324-4325", "L", "N6/date0 N4/hhmm", "00", "", "-"),
    ("4326", "L", "N6/date", "00", "", "-"),
    ("4330", "L", "N6 X1/minus?", "00", "4331", "-"),
    ("4331", "L", "N6 X1/minus?", "00", "4330", "-"),
    ("4332", "L", "N6 X1/minus?", "00", "4333", "-"),
    ("4333", "L", "N6 X1/minus?", "00", "4332", "-"),
)

_SECTORS: tuple[Row, ...] = (
    ("7001", "L", "N13", "01 02 8006 8026", "", "-"),
    ("7002", "L", "X..30", "01 02", "", "-"),
    ("7003", "L", "N6/date N4/hhmm", "01 02 03", "", "-"),
    ("7004", "L", "N..4", "01+10 03+10", "", "-"),
    ("7005", "L", "X..12", "01 02", "", "-"),
    ("7006", "L", "N6/date", "01 02", "", "-"),
    ("7007", "L", "N6/date N6/date?", "01 02", "", "-"),
    ("7008", "L", "X..3", "01 02", "", "-"),
    ("7009", "L", "X..10", "01 02", "", "-"),
    ("7010", "L", "X..2", "01 02 03", "", "-"),
    ("7011", "L", "N6/date N4/hhmm?", "01 02 03", "", "-"),
    ("7020", "L", "X..20", "01+416 03+416 8006+416", "", "-"),
    ("7021", "L", "X..20", "01 03 8006", "", "-"),
    ("7022", "L", "X..20", "01+7021 03+7021 8006+7021", "", "-"),
    ("7023", "L", "X..30/prefix1", "", "", "-"),
    ("7030-7039", "L", "N3/country999 X..27", "01 02", "", "-"),
    ("7040", "", "N1 X1 X1 X1/importer", "", "", "-"),
    ("7041", "", "X..4/package", "00", "", "-"),
    ("710-717", "L", "X..20", "01", "", "-"),
    ("7230-7239", "L", "X2 X..28", "01 8004", "", "-"),
    ("7240", "L", "X..20", "01 8006", "03", "-"),
    ("7241", "L", "N2/media", "8017 8018", "", "-"),
    ("7242", "L", "X..25", "8017 8018", "", "-"),
    ("7250", "L", "N8/date4", "8018", "7251", "-"),
    ("7251", "L", "N8/date4 N4/hhmm", "8018", "7250", "-"),
    ("7252", "L", "N1/sex", "8018", "", "-"),
    ("7253-7254", "L", "X..40/percent", "8017 8018", "7256 7259", "-"),
    ("7255", "L", "X..10", "8017 8018", "7256 7259", "-"),
    ("7256", "L", "X..90/percent", "8017 8018", "", "-"),
    ("7257", "L", _TEXT_70, "8018", "", "-"),
    ("7258", "L", "X3/sequence", "8018+7259", "", "-"),
    ("7259", "L", "X..40/percent", "8018", "7256", "-"),
)

_ASSETS: tuple[Row, ...] = (
    ("8001", "L", "N4/nonzero N5/nonzero N3/nonzero N1/winding N1", "01", "", "-"),
    ("8002", "L", "X..20", "", "", "-"),
    ("8003", "L", "N1/zero N13/check/prefix1 X..16?", "", "", ""),
    ("8004", "L", "X..30/prefix1", "", "", "7040"),
    ("8005", "L", "N6", "01 02", "", "-"),
    ("8006", "L", "N14/check/prefix2 N4/pieces", "", "01 03 37", "22 10 21"),
    ("8007", "L", "X..34/iban", "415", "", "-"),
    ("8008", "L", "N6/date N2/hh N2/mm? N2/ss?", "01 02 03", "", "-"),
    ("8009", "L", "X..50", "00 01 03", "", "-"),
    ("8010", "L", "Y..30/prefix1", "", "", "8011"),
    ("8011", "", "N..12/nozero", "8010", "", "-"),
    ("8012", "L", "X..20", "01 03 8006", "", "-"),
    ("8013", "L", "X..25/pair/prefix1", "", "", ""),
    ("8014", "", "X..25/pair/prefix1/nondigit", "01", "", "-"),
    ("8017", "L", _SCORE, "", "8018", "8019"),
    ("8018", "L", _SCORE, "", "8017", "8019"),
    ("8019", "", "N..10", "8017 8018", "", "-"),
    ("8020", "", "X..25", "415", "", "-"),
    ("8026", "L", "N14/check/prefix2 N4/pieces", "37", "02 03 8006", "-"),
    (
        "8030",
        "L",
        "Z..90/padding",
        "00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018",
        "",
        "-",
    ),
    ("8040", "", "N15", "01+21", "", "-"),
    ("8041", "", "N15", "01+21+8040", "", "-"),
    ("8042", "", "N32", "01+21+8040", "", "-"),
    ("8043", "", "N18 N..2?", "01+21+8040", "", "-"),
    ("8110", "L", "X..70", "", "", "-"),
    ("8111", "L", "N4", "255", "", "-"),
    ("8112", "L", "X..70", "", "", "-"),
    ("8200", "", "X..70", "01", "", "-"),
    ("90", "L", "X..30", "", "", "-"),
    ("91-99", "L", "X..90", "", "", "-"),
)

# Measures: the first three digits say what is measured and in which unit, the fourth where the
# decimal point stands. 33nn and 34nn (and some of 35nn, 36nn) measure a logistic unit.
_TRADE_MEASURES = (
    *range(310, 317), *range(320, 330), 350, 351, 352, 356, 357, 360, 361, 364, 365, 366,
)  # fmt: skip
_LOGISTIC_MEASURES = (
    *range(330, 337), *range(340, 350), 353, 354, 355, 362, 363, 367, 368, 369,
)  # fmt: skip


def _measures(groups: tuple[int, ...], needs: str) -> tuple[Row, ...]:
    return tuple((f"{group}0-{group}5", "FL", "N6", needs, f"{group}n", "-") for group in groups)


ROWS: tuple[Row, ...] = (
    *_GENERAL,
    *_measures(_TRADE_MEASURES, "01 02"),
    *_measures(_LOGISTIC_MEASURES, "00 01"),
    *_measures((337,), "01"),
    *_PLACES,
    *_SECTORS,
    *_ASSETS,
)
"""Every Application Identifier that Hangtag reads, as the module's first lines explain."""

UNCHECKED = {"8110": "coupon structure", "8112": "coupon structure"}
"""AIs whose length and characters are checked but not the inner rule named here: coupons of one
country's grocery trade, which no garment carries."""
