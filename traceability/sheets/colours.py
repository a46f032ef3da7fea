"""Common colours of cloth in English and Chinese, and what a screen shows for them.

It is a guess to begin with: whoever enters a swatch of his own is believed.

>>> swatch("Navy"), swatch("藏青色"), swatch("dark grey melange"), swatch("Sunday")
('#22325a', '#22325a', '#4a4d52', '')
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["swatch"]

_TABLE = """
black 黑 黑色 #1b1c1f
white 白 白色 #f7f6f2
off-white offwhite 米白 米白色 本白 漂白 #f2eee2
ecru natural 本色 原色 #e6ddc8
cream ivory 奶白 奶油 象牙白 #f3ead3
beige 米 米色 杏 杏色 #d9c7a5
sand khaki 卡其 卡其色 沙 沙色 #bfa77a
camel tan 驼 驼色 骆驼 #b98b55
brown 棕 棕色 咖 咖啡 咖啡色 褐 褐色 #6a4a32
chocolate 巧克力 深咖 #4a3022
rust 铁锈 锈 锈红 #a4502f
red 红 红色 大红 #c1272d
burgundy wine bordeaux 酒红 酒红色 枣红 #6d1f2f
pink 粉 粉色 粉红 粉红色 #e8a7b5
rose 玫瑰 玫红 #c84c74
coral 珊瑚 珊瑚色 #ee7a63
orange 橙 橙色 橘 橘色 #e07b26
mustard 芥末 姜黄 #c79a2b
yellow 黄 黄色 #ecc73b
gold 金 金色 #c2a14e
olive 橄榄 橄榄绿 #6b6b3a
moss 苔绿 #5b6a3c
army military 军绿 军绿色 #4f5539
green 绿 绿色 #3c7a4a
mint 薄荷 薄荷绿 #a9d8c0
teal 孔雀蓝 墨绿 #1f5c5c
turquoise 湖蓝 湖蓝色 #3ba7a8
sky 天蓝 天蓝色 #8bbfe0
light-blue lightblue 浅蓝 浅蓝色 #a9c8e4
blue 蓝 蓝色 #2f5fa8
royal 宝蓝 宝蓝色 #2947a3
denim indigo 牛仔 牛仔蓝 靛蓝 #46618a
navy 藏青 藏青色 藏蓝 藏蓝色 深蓝 深蓝色 海军蓝 #22325a
purple violet 紫 紫色 #6b4a93
lilac lavender 淡紫 薰衣草 #b8a5d0
grey gray 灰 灰色 #8a8d91
light-grey light-gray 浅灰 浅灰色 #bfc2c4
dark-grey dark-gray charcoal anthracite 深灰 深灰色 炭灰 #4a4d52
silver 银 银色 #b6babd
melange heather 花灰 麻灰 #a3a5a7
nude 肤 肤色 裸色 #dcb89c
"""
_SWATCHES = {
    name: line.split()[-1] for line in _TABLE.strip().splitlines() for name in line.split()[:-1]
}
_HEX = re.compile(r"#?([0-9a-fA-F]{6})\Z")


def swatch(colour: str) -> str:
    """Return ``#rrggbb`` for a colour's name, nothing if it is not among the common ones."""
    said = unicodedata.normalize("NFKC", colour).casefold().strip()
    if said in _SWATCHES:
        return _SWATCHES[said]
    words = re.split(r"[\s,/_-]+", said)
    for count in (2, 1):
        for at in range(len(words) - count + 1):
            if found := _SWATCHES.get("-".join(words[at : at + count])):
                return found
    chinese = re.sub(r"[^一-鿿]", "", said)
    for length in range(len(chinese), 1, -1):
        if found := _SWATCHES.get(chinese[:length]):
            return found
    return ""


def read_swatch(text: str) -> str | None:
    """Read ``#rrggbb``; None if it is none."""
    match = _HEX.match(text.strip())
    return f"#{match[1].lower()}" if match else None
