"""What people write above their columns, in English and Chinese, and which field they mean by it.

>>> field_of("P.O. No.", "orders"), field_of("数量（件）", "orders"), field_of("Shade", "orders")
('number', 'pieces', None)
>>> field_of("Shade", "orders", {"shade": "colour"})
'colour'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

__all__ = ["FIELDS", "Kind", "field_of"]

Kind = Literal["orders", "products", "places", "people", "stock"]

IGNORED = "-"
"""The field of a column that is not used."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "orders": (
        "number", "customer", "due", "style", "colour", "size", "pieces", "gtin", "name", "title",
        "city", "swatch", "marked", "total",
    ),
    "products": ("style", "colour", "size", "gtin", "name", "swatch"),
    "places": ("name", "code", "kind"),
    "people": ("name", "badge", "language"),
    "stock": (
        "place", "style", "colour", "size", "gtin", "name", "pieces", "roll", "amount", "unit",
        "dye_lot", "supplier",
    ),
}  # fmt: skip
"""What a sheet of each kind can say."""

_NUMBER = """
order|order no|order nr|order number|order num|order id|order code|po|po no|po nr|po number|
purchase order|purchase order no|contract|contract no|job|job no|work order|work order no|wo|wo no|
sales order|so no|our order|your order|ref|order ref|reference|commande|no commande|pedido|
bestellung|auftrag|auftragsnummer|订单号|订单编号|订单|订单号码|单号|合同号|合同编号|制单号|制单编号|
生产单号|生产单|生产制单|生产通知单号|po号|po单号|指令号|指令单号|工单|工单号|客户订单号|订货号|编号|單號|訂單號
"""
_WORDS: Mapping[str, str] = {
    "number": _NUMBER,
    "title": "title|order name|order title|project|订单名称|单名|项目|标题|订单标题",
    "customer": """
customer|customer name|client|client name|buyer|brand|for|sold to|account|retailer|kunde|cliente|
客户|客户名称|客户名|客人|客人名称|买家|买方|品牌|订货单位|客戶|顾客|购货单位|需方|甲方""",
    "city": "city|town|destination|ship to city|ort|城市|目的地|收货地|发往",
    "due": """
due|due date|date due|delivery|delivery date|del date|delivery by|ship date|shipping date|
shipment|shipment date|ex factory|ex factory date|exfactory|ex-factory|ex-fty|xf date|deadline|
promised|promised day|promise|wanted|required|required date|need by|eta|etd|liefertermin|entrega|
交期|交货期|交货日期|交货时间|交付日期|出货日期|出货期|货期|船期|出厂日期|完成日期|要求交期|客户交期|到期日|交單日期""",
    "style": """
style|style no|style nr|style number|style code|style name|style id|article|article no|article nr|
art|art no|artikel|model|model no|item|item no|item code|item number|product code|ref style|modelo|
款号|款式|款式号|款式编号|款式名称|款名|款|货号|貨號|型号|产品编号|产品型号|商品编号|款號|样衣号|品号""",
    "name": """
name|product|product name|description|desc|item description|item name|garment|goods|
品名|名称|产品名称|商品名称|产品|商品|描述|货品名称|货品|服装名称|成品名称""",
    "colour": """
colour|color|col|colour name|color name|colour code|color code|colorway|colourway|shade name|farbe|
cor|颜色|色|花色|颜色名称|配色|顏色|颜色分类|色名""",
    "size": """
size|sizes|size name|size range|grösse|größe|talla|tamanho|
尺码|尺寸|码数|号型|尺碼|规格尺码|尺码段""",
    "pieces": """
qty|quantity|quantities|pcs|pieces|piece|order qty|order quantity|ordered|ordered qty|units|
no of pieces|number of pieces|q'ty|qnty|count|menge|stück|anzahl|cantidad|quantidade|
数量|件数|订单数量|订单数|订货数量|订货数|下单数|下单数量|制单数量|生产数量|計劃數量|计划数量|订单件数|數量|库存数量|库存|结存""",
    "total": """
total|totals|sum|grand total|total qty|total quantity|total pcs|total pieces|subtotal|sub total|
合计|总计|小计|总数|总数量|共计|合计数量|总件数|合計|总合计|合计件数""",
    "gtin": """
gtin|ean|ean13|ean 13|ean code|ean no|barcode|bar code|barcode no|upc|upc code|jan|
条码|条形码|商品条码|国际条码|条码号|69码|一维码|條碼""",
    "swatch": "swatch|hex|rgb|colour hex|色值|色样",
    "marked": "marked|marking|marked by|how marked|标记方式|标识方式|标记",
    "place": """
place|location|where|warehouse|store|shelf|bin|
地点|位置|仓库|库位|货位|存放地点|门店""",
    "roll": """
roll|roll no|roll nr|roll number|roll id|roll code|batch|batch no|piece no|fabric roll|
卷号|布卷|布卷号|匹号|布匹号|缸卷号|卷""",
    "dye_lot": "dye lot|dyelot|lot|lot no|dye batch|shade lot|缸号|缸|染缸|染缸号|批号|色号缸号",
    "supplier": "supplier|mill|vendor|from|supplier name|供应商|布厂|织厂|厂家|供货商",
    "amount": """
amount|metres|meters|metre|meter|length|yards|yds|kg|kilograms|weight|net weight|mtr|mtrs|
米数|长度|码长|码数量|重量|净重|公斤|公斤数|千克""",
    "unit": "unit|uom|单位|计量单位",
    "code": "code|id|short name|代码|编码",
    "kind": "kind|type|sort|类型|类别|种类",
    "badge": "badge|badge no|card|card no|staff no|employee no|employee id|工号|工牌|员工编号|卡号",
    "language": "language|lang|mother tongue|语言|语种",
}
_PERSON = "worker|employee|operator|person|full name|first name|姓名|员工|员工姓名|工人|人员"
_PLACE_NAME = "place|place name|location|地点|地点名称|位置|门店名称|仓库|仓库名称"
_UNUSED = """
no|nr|#|line|line no|row|s no|sno|sl|sl no|sr no|serial|序号|行号|项次|項次|序|price|unit price|fob|
fob price|amount usd|currency|value|单价|金额|总金额|价格|币种|remark|remarks|note|notes|comment|
comments|备注|说明|備註|picture|image|photo|图片|图|款图|图样|
fabric|composition|material|面料|成分|面料成分|
season|季节|order date|date|日期|下单日期|订单日期|制单日期|接单日期|
status|状态|merchandiser|跟单|跟单员|
season code|工厂|factory|hs code|unit|单位|packing|包装
"""
_PUNCTUATION = re.compile(r"[\s.:：*_\-–/\\,，、!！?？№º°]+")
_BRACKETS = re.compile(r"[(（\[【<《].*?[)）\]】>》]")
_TOTALS = """
total|totals|sum|grand total|grandtotal|subtotal|sub total|total qty|total pcs|total pieces|
合计|总计|小计|共计|总数|合計|總計|小計|总合计|合计数|合计数量|总数量|本页合计|订单合计|累计
"""


def normal(text: str) -> str:
    """Return a heading without brackets, points and blanks at the edges, in small letters.

    >>> normal("  Qty. (pcs) "), normal("P.O.-No:")
    ('qty', 'p o no')
    """
    said = unicodedata.normalize("NFKC", text).casefold()
    bare = _PUNCTUATION.sub(" ", _BRACKETS.sub(" ", said)).strip()
    return bare or _PUNCTUATION.sub(" ", said).strip() or said.strip()


def field_of(heading: str, kind: Kind, remembered: Mapping[str, str] | None = None) -> str | None:
    """Return the field that a heading means in a sheet of one kind; None if nobody knows.

    Args:
        heading: As it stands in the sheet.
        kind: What the sheet holds.
        remembered: Normal heading → field, as people said before; it wins.
    """
    said = normal(heading)
    for known in (remembered or {}, _table(kind)):
        for spelling in (said, said.replace(" ", "")):
            if spelling in known:
                return known[spelling]
    return None


@lru_cache(maxsize=4096)
def is_total(text: str) -> bool:
    """Say whether a cell announces a sum.

    >>> is_total("TOTAL:"), is_total("合 计"), is_total("Total Eclipse")
    (True, True, False)
    """
    said = normal(text)
    return said in _TOTAL_WORDS or said.replace(" ", "") in _TOTAL_WORDS


_TABLES: dict[str, dict[str, str]] = {}


def _table(kind: Kind) -> dict[str, str]:
    if kind not in _TABLES:
        _TABLES[kind] = _made(kind)
    return _TABLES[kind]


def _made(kind: Kind) -> dict[str, str]:
    table = dict.fromkeys(_listed(_UNUSED), IGNORED)
    for field in reversed(FIELDS[kind]):
        for word in _listed(_WORDS[field]):
            table[word] = field
    if kind == "people":
        table |= dict.fromkeys(_listed(_PERSON), "name")
        table |= dict.fromkeys(_listed("no|编号"), "badge")
    if kind == "places":
        table |= dict.fromkeys(_listed(_PLACE_NAME), "name")
        table |= dict.fromkeys(_listed("编号"), "code")
    if kind == "stock":
        table |= dict.fromkeys(
            _listed("material|fabric|cloth|面料|布料|面料名称|物料|物料名称"), "style"
        )
    return table


def _listed(words: str) -> list[str]:
    found = [normal(word) for word in words.replace("\n", "").split("|") if word.strip()]
    return [*found, *(word.replace(" ", "") for word in found)]


_TOTAL_WORDS = frozenset(_listed(_TOTALS))
