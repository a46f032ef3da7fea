"""What a field of a sheet is called in a sentence, and above a column of a sheet that we write.

>>> FIELD_WORDS["due"]
'Due'
"""

from __future__ import annotations

from collections.abc import Mapping

from traceability.sheets.complaint import N_

__all__ = ["FIELD_WORDS", "HEADINGS"]

FIELD_WORDS: Mapping[str, str] = {
    "-": N_("not used"),
    "number": N_("Order number"),
    "customer": N_("Customer"),
    "due": N_("Due"),
    "style": N_("Style"),
    "colour": N_("Colour"),
    "size": N_("Size"),
    "pieces": N_("Pieces"),
    "gtin": N_("Barcode number"),
    "name": N_("Name"),
    "title": N_("Title"),
    "city": N_("City"),
    "swatch": N_("Swatch"),
    "marked": N_("Marked by"),
    "total": N_("Sum"),
    "code": N_("Short name"),
    "kind": N_("Kind"),
    "badge": N_("Badge"),
    "language": N_("Language"),
    "place": N_("Place"),
    "roll": N_("Roll"),
    "amount": N_("Amount"),
    "unit": N_("Unit"),
    "dye_lot": N_("Dye lot"),
    "supplier": N_("Supplier"),
}
"""Field → its name in English, to be translated where it is shown."""

HEADINGS: Mapping[str, Mapping[str, str]] = {
    "zh_Hans": {
        "number": "订单号", "customer": "客户", "due": "交期", "style": "款号", "colour": "颜色",
        "size": "尺码", "pieces": "数量", "gtin": "条码", "name": "品名", "title": "订单名称",
        "city": "城市", "swatch": "色值", "marked": "标记方式", "total": "合计", "code": "代码",
        "kind": "类型", "badge": "工牌", "language": "语言", "place": "地点", "roll": "卷号",
        "amount": "米数", "unit": "单位", "dye_lot": "缸号", "supplier": "供应商",
    },
    "en": {
        "number": "Order", "customer": "Customer", "due": "Due", "style": "Style",
        "colour": "Colour", "size": "Size", "pieces": "Pieces", "gtin": "Barcode", "name": "Name",
        "title": "Title", "city": "City", "swatch": "Swatch", "marked": "Marked", "total": "Total",
        "code": "Code", "kind": "Kind", "badge": "Badge", "language": "Language",
        "place": "Place", "roll": "Roll", "amount": "Amount", "unit": "Unit",
        "dye_lot": "Dye lot", "supplier": "Supplier",
    },
}  # fmt: skip
"""Language → field → heading of a sheet that we write; each is read back as the same field."""
